import QtQuick
import Shubbak.Screen

// What every screen of the visit is made of: one question, perhaps a hint and a notice, and the answers.
// The screen fills `answers`; bands and progress belong to the window and never move.
FocusScope {
    id: page

    required property Visit visit
    required property var facts
    required property string question
    property string hint: ""
    property string notice: ""
    property bool centred: false
    readonly property var words: visit.words
    default property alias answers: place.data

    Column {
        id: head
        anchors {
            top: parent.top
            left: parent.left
            right: parent.right
        }
        spacing: Theme.mm(4)

        Words {
            id: heading
            objectName: "question"
            width: parent.width
            centred: page.centred
            text: page.question
            font.pixelSize: Theme.question
            font.bold: true
            lineHeight: 1
            focus: true
            Accessible.role: Accessible.Heading
        }

        Words {
            objectName: "hint"
            width: parent.width
            centred: page.centred
            visible: text !== ""
            text: page.hint
            color: Theme.quiet
        }

        Notice {
            objectName: "notice"
            width: parent.width
            visible: page.notice !== ""
            text: page.notice
        }
    }

    Item {
        id: place
        anchors {
            top: head.bottom
            topMargin: Theme.mm(8)
            left: parent.left
            right: parent.right
            bottom: parent.bottom
        }
    }
}
