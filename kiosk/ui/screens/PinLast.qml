import QtQuick
import "../parts"

// The last try is never spent unasked. Stopping is the easy answer, for it harms nothing.
Page {
    id: page
    question: words.pin_last.question
    hint: ""

    Image {
        id: mark
        anchors {
            top: parent.top
            topMargin: Theme.mm(30)
            horizontalCenter: parent.horizontalCenter
        }
        width: Theme.mm(70)
        height: width
        source: "../pictures/look.svg"
        sourceSize: Qt.size(width, height)
        Accessible.ignored: true
    }

    Words {
        anchors {
            top: mark.bottom
            topMargin: Theme.mm(20)
        }
        width: parent.width
        centred: true
        text: page.words.pin_last.hint
        font.pixelSize: Theme.answer
    }

    Column {
        width: parent.width
        anchors.bottom: parent.bottom
        spacing: Theme.mm(24)

        Answer {
            objectName: "continue"
            width: parent.width
            height: Theme.mm(28)
            text: page.words.pin_last.continue
            onTriggered: page.visit.send("continue")
        }

        Answer {
            objectName: "primary"
            width: parent.width
            height: Theme.mm(36)
            primary: true
            text: page.words.pin_last.stop
            onTriggered: page.visit.send("cancel")
        }
    }
}
