import QtQuick
import "../parts"

// A paper that does not count: what to do with it, and how to get one that does.
Page {
    id: page
    question: words.stray.question

    Column {
        readonly property real room: foot.y - Theme.mm(8)

        y: Math.max(0, (room - height) / 2)
        width: parent.width
        spacing: Theme.mm(12)

        Item {
            anchors.horizontalCenter: parent.horizontalCenter
            width: sheet.width
            height: Theme.mm(72)

            Image {
                id: sheet
                height: parent.height
                fillMode: Image.PreserveAspectFit
                source: page.facts.form === "ticket" ? "../pictures/ticket.svg" : "../pictures/sheet.svg"
                sourceSize.height: height
                Accessible.ignored: true
            }

            Image {
                anchors.centerIn: sheet
                width: Theme.mm(32)
                height: width
                source: "../pictures/check-failed.svg"
                sourceSize: Qt.size(width, height)
                Accessible.ignored: true
            }
        }

        Words {
            objectName: "sentence"
            width: parent.width
            text: page.words.stray.sentence
            font.pixelSize: Theme.answer
        }

        Rectangle {
            width: parent.width
            height: Theme.rule
            color: Theme.line
        }

        Words {
            objectName: "outcome"
            width: parent.width
            text: page.facts.again ? page.words.stray.again_hint : page.words.stray.later
            font.pixelSize: Theme.answer
        }
    }

    Column {
        id: foot
        width: parent.width
        anchors.bottom: parent.bottom
        spacing: Theme.mm(10)

        Words {
            objectName: "code"
            width: parent.width
            text: page.words.common.code + " " + Theme.isolated(page.facts.code)
            font.pixelSize: Theme.small
            color: Theme.quiet
        }

        Answer {
            objectName: "again"
            width: parent.width
            height: Theme.mm(30)
            visible: page.facts.again
            text: page.words.stray.again
            onTriggered: page.visit.send("again")
        }

        Answer {
            objectName: "primary"
            width: parent.width
            height: Theme.mm(36)
            primary: true
            text: page.words.stray.done
            onTriggered: page.visit.send("done")
        }
    }
}
