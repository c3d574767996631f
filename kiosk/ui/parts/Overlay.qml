import QtQuick

// One question over the screen that waits beneath; nothing beneath can be touched.
Rectangle {
    id: overlay

    required property string question
    required property string hint
    required property string answerText
    property string answerName: "primary"

    signal answered

    color: Theme.ground

    TapHandler {}

    Column {
        anchors {
            left: parent.left
            right: parent.right
            margins: Theme.margin
            verticalCenter: parent.verticalCenter
        }
        spacing: Theme.mm(12)

        Words {
            width: parent.width
            text: overlay.question
            font.pixelSize: Theme.question
            font.bold: true
            centred: true
            lineHeight: 1
            Accessible.role: Accessible.Heading
        }

        Words {
            width: parent.width
            text: overlay.hint
            font.pixelSize: Theme.answer
            centred: true
            color: Theme.quiet
        }

        Answer {
            objectName: overlay.answerName
            width: parent.width
            height: Theme.mm(32)
            text: overlay.answerText
            primary: true
            focus: true
            onTriggered: overlay.answered()
        }
    }
}
