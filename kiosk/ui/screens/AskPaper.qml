import QtQuick
import "../parts"

// The printer cannot tell whether the whole paper came out: whoever stands before it can.
Page {
    id: page
    readonly property bool ticket: facts.form === "ticket"

    question: words.ask_paper.question
    hint: ticket ? words.ask_paper.hint_ticket : Theme.fill(words.ask_paper.hint, { n: facts.papers })

    Row {
        anchors {
            left: parent.left
            right: parent.right
            verticalCenter: parent.verticalCenter
        }
        height: Math.min(parent.height, Theme.mm(230))
        spacing: Theme.mm(14)

        PictureAnswer {
            objectName: "whole"
            width: (parent.width - parent.spacing) / 2
            height: parent.height
            picture: page.ticket ? "ticket" : "sheet"
            text: page.words.ask_paper.whole
            onTriggered: page.visit.send("whole")
        }

        PictureAnswer {
            objectName: "not-whole"
            width: (parent.width - parent.spacing) / 2
            height: parent.height
            picture: page.ticket ? "ticket-part" : "sheet-part"
            text: page.words.ask_paper.not_whole
            onTriggered: page.visit.send("not_whole")
        }
    }
}
