import QtQuick

// One box a character, always left to right: what was typed, or only that something was (`hidden`).
Row {
    id: boxes

    required property int count
    required property string entry
    required property string label
    property bool hidden: false
    property real side: Theme.mm(24)

    LayoutMirroring.enabled: false
    LayoutMirroring.childrenInherit: true
    spacing: Theme.mm(4)

    Accessible.role: Accessible.StaticText
    Accessible.name: label + " " + (hidden ? "" : entry)

    Repeater {
        model: boxes.count

        Rectangle {
            id: box

            required property int index
            readonly property bool filled: index < boxes.entry.length

            width: boxes.side * 0.82
            height: boxes.side
            radius: Theme.mm(2)
            color: Theme.paper
            border.width: Theme.mm(index === boxes.entry.length ? 1 : 0.5)
            border.color: index === boxes.entry.length ? Theme.accent : Theme.line

            Rectangle {
                anchors.centerIn: parent
                visible: boxes.hidden && box.filled
                width: boxes.side * 0.26
                height: width
                radius: width / 2
                color: Theme.ink
            }

            Words {
                anchors.centerIn: parent
                visible: !boxes.hidden
                text: box.filled && !boxes.hidden ? boxes.entry[box.index] : ""
                font.pixelSize: Theme.question
                lineHeight: 1
                Accessible.ignored: true
            }
        }
    }
}
