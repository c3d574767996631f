import QtQuick

// Letters in the order of the alphabet and digits: what stands in a document number, and no more.
Column {
    id: board

    required property string eraseText
    property real keyHeight: Theme.mm(21)

    signal letter(string key)
    signal erase

    LayoutMirroring.enabled: false
    LayoutMirroring.childrenInherit: true
    spacing: Theme.mm(3)

    Repeater {
        model: ["1234567890", "ABCDEFGHI", "JKLMNOPQR", "STUVWXYZ"]

        Row {
            id: line

            required property string modelData
            readonly property bool last: modelData.startsWith("S")
            readonly property real keyWidth: (board.width - 9 * board.spacing) / 10

            anchors.horizontalCenter: parent.horizontalCenter
            spacing: board.spacing

            Repeater {
                model: line.modelData.split("")

                Answer {
                    required property string modelData

                    objectName: "key-" + modelData
                    width: line.keyWidth
                    height: board.keyHeight
                    text: modelData
                    size: Theme.answer
                    onTriggered: board.letter(modelData)
                }
            }

            Answer {
                visible: line.last
                objectName: visible ? "key-erase" : ""
                width: line.keyWidth * 2 + board.spacing
                height: board.keyHeight
                text: board.eraseText
                size: Theme.small
                icon: "erase"
                onTriggered: board.erase()
            }
        }
    }
}
