import QtQuick

// The back of the card; the field that is asked for is framed where it stands in the three lines.
Item {
    id: back

    required property int field // 0 document number, 1 date of birth, 2 date of expiry
    required property string description
    readonly property real unit: Math.min(width / 220, height / 138)
    readonly property var places: [[43, 79, 62], [10, 97, 42], [63, 97, 42]]

    LayoutMirroring.enabled: false
    Accessible.role: Accessible.Graphic
    Accessible.name: description

    Image {
        id: card
        anchors.centerIn: parent
        width: 220 * back.unit
        height: 138 * back.unit
        source: "../pictures/card-back.svg"
        sourceSize: Qt.size(width, height)

        Rectangle {
            x: back.places[back.field][0] * back.unit
            y: back.places[back.field][1] * back.unit
            width: back.places[back.field][2] * back.unit
            height: 15 * back.unit
            radius: 3 * back.unit
            color: "transparent"
            border.width: Math.max(2, 2 * back.unit)
            border.color: Theme.look
        }
    }
}
