import QtQuick
import "../parts"

// Bad news, calmly: what happened, what it means for the paper, what to do; the code small.
Page {
    id: page
    question: words.trouble.question

    Column {
        anchors {
            left: parent.left
            right: parent.right
            verticalCenter: parent.verticalCenter
            verticalCenterOffset: -Theme.mm(30)
        }
        spacing: Theme.mm(16)

        Image {
            anchors.horizontalCenter: parent.horizontalCenter
            width: Theme.mm(56)
            height: width
            source: "../pictures/look.svg"
            sourceSize: Qt.size(width, height)
            Accessible.ignored: true
        }

        Words {
            objectName: "sentence"
            width: parent.width
            text: page.visit.language === "ar" ? page.facts.sentence_ar : page.facts.sentence_fr
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
            text: page.words.trouble[page.facts.outcome]
            font.pixelSize: Theme.answer
        }
    }

    Column {
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
            objectName: "primary"
            width: parent.width
            height: Theme.mm(36)
            primary: true
            text: page.words.trouble.done
            onTriggered: page.visit.send("done")
        }
    }
}
