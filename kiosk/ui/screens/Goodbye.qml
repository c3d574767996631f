import QtQuick
import Shubbak.Screen
import "../parts"

// Thanks, and the word that nothing is left. The next citizen may touch at once.
FocusScope {
    id: goodbye
    objectName: "anywhere"

    required property Visit visit
    required property var facts
    readonly property var words: visit.words.goodbye

    TapHandler {
        gesturePolicy: TapHandler.ReleaseWithinBounds
        onTapped: goodbye.visit.send("start")
    }

    Ornament {
        anchors.top: parent.top
        anchors.topMargin: Theme.mm(4)
    }

    Column {
        anchors {
            left: parent.left
            right: parent.right
            verticalCenter: parent.verticalCenter
        }
        spacing: Theme.mm(12)

        Words {
            objectName: "question"
            width: parent.width
            centred: true
            text: goodbye.words.question
            font.pixelSize: Theme.type(13)
            font.bold: true
            color: Theme.accent
            lineHeight: 1
            focus: true
            Accessible.role: Accessible.Heading
        }

        Words {
            objectName: "hint"
            width: parent.width
            centred: true
            text: goodbye.words.hint
            font.pixelSize: Theme.answer
        }
    }

    Words {
        width: parent.width
        anchors.bottom: parent.bottom
        centred: true
        text: goodbye.words.again
        color: Theme.quiet
    }
}
