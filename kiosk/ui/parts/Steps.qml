import QtQuick

// What has been done, what is being done, what comes: a list that ticks.
Column {
    id: list

    required property var steps // [{label, state: "done" | "now" | "later", note}]
    required property var words

    spacing: 0

    Repeater {
        model: list.steps

        Item {
            id: row

            required property var modelData
            required property int index
            readonly property string state_: modelData.state

            width: list.width
            height: Math.max(Theme.mm(22), label.implicitHeight + Theme.mm(8))

            Rectangle {
                width: parent.width
                height: Theme.rule
                color: Theme.hairline
                visible: row.index > 0
            }

            Image {
                id: mark
                anchors {
                    left: parent.left
                    verticalCenter: parent.verticalCenter
                }
                width: Theme.mm(11)
                height: width
                source: "../pictures/step-" + row.state_ + ".svg"
                sourceSize: Qt.size(width, height)
            }

            Words {
                id: label
                anchors {
                    left: mark.right
                    leftMargin: Theme.mm(7)
                    right: said.left
                    rightMargin: Theme.mm(5)
                    verticalCenter: parent.verticalCenter
                }
                text: row.modelData.label
                font.pixelSize: Theme.answer
                font.bold: row.state_ === "now"
                color: row.state_ === "later" ? Theme.quiet : Theme.ink
            }

            Words {
                id: said
                anchors {
                    right: parent.right
                    verticalCenter: parent.verticalCenter
                }
                text: row.modelData.note || list.words.common[row.state_]
                font.pixelSize: Theme.body
                color: row.state_ === "later" ? Theme.quiet : Theme.accent
                wrapMode: Text.NoWrap
            }
        }
    }
}
