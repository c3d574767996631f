import QtQuick
import "../parts"

Page {
    id: page
    question: words.take_paper.question
    hint: facts.form === "ticket" ? words.take_paper.hint_ticket : facts.papers > 0 ? Theme.fill(words.take_paper.hint, { n: facts.papers }) : ""

    KioskDrawing {
        objectName: "drawing"
        anchors {
            top: parent.top
            left: parent.left
            right: parent.right
            bottom: taken.top
            bottomMargin: Theme.mm(10)
        }
        act: "take-paper"
        form: page.facts.form
        description: page.question
    }

    Answer {
        id: taken
        objectName: "primary"
        width: parent.width
        height: Theme.mm(36)
        anchors.bottom: parent.bottom
        primary: true
        text: page.words.take_paper.taken
        onTriggered: page.visit.send("taken")
    }
}
