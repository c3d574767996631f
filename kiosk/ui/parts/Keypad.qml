import QtQuick

// Ten digits and one step back, laid out like a telephone in every language. `quiet` keys show no press.
Grid {
    id: pad

    required property string eraseText
    property bool quiet: false
    property real keyHeight: Theme.mm(25)

    signal digit(string key)
    signal erase

    LayoutMirroring.enabled: false
    LayoutMirroring.childrenInherit: true
    columns: 3
    spacing: Theme.mm(5)

    Repeater {
        model: ["1", "2", "3", "4", "5", "6", "7", "8", "9", "", "0", "erase"]

        Item {
            id: cell

            required property string modelData

            width: (pad.width - 2 * pad.spacing) / 3
            height: pad.keyHeight

            Answer {
                anchors.fill: parent
                visible: cell.modelData !== "" && cell.modelData !== "erase"
                objectName: visible ? "key-" + cell.modelData : ""
                text: cell.modelData
                quiet: pad.quiet
                size: Theme.question
                onTriggered: pad.digit(cell.modelData)
            }

            Answer {
                anchors.fill: parent
                visible: cell.modelData === "erase"
                objectName: visible ? "key-erase" : ""
                text: pad.eraseText
                size: Theme.body
                icon: "erase"
                onTriggered: pad.erase()
            }
        }
    }
}
