import QtQuick

// This very kiosk, with the part in question marked and moving: `act` says what the hand does there.
Item {
    id: drawing

    required property string act // "insert-card" | "keep-card" | "take-card" | "paper-comes" | "take-paper"
    required property string description
    readonly property bool aboutCard: act.endsWith("card")
    readonly property bool inwards: act === "insert-card"
    readonly property real unit: Math.min(width / 200, height / 290)
    // 0: the thing is outside, 1: it is in the machine
    property real inside: pose
    readonly property real pose: act === "keep-card" ? 0.72 : act === "paper-comes" ? 0.45 : aboutCard ? 0.35 : 0

    LayoutMirroring.enabled: false
    LayoutMirroring.childrenInherit: true
    Accessible.role: Accessible.Graphic
    Accessible.name: description

    Item {
        id: figure
        width: 200 * drawing.unit
        height: 290 * drawing.unit
        anchors.centerIn: parent

        Image {
            anchors.fill: parent
            source: "../pictures/kiosk.svg"
            sourceSize: Qt.size(width, height)
        }

        Rectangle {
            id: mark
            x: 40 * drawing.unit
            y: (drawing.aboutCard ? 154 : 212) * drawing.unit
            width: (drawing.aboutCard ? 60 : 120) * drawing.unit
            height: 34 * drawing.unit
            radius: 6 * drawing.unit
            color: "transparent"
            border.width: Math.max(2, 2.6 * drawing.unit)
            border.color: Theme.look
        }

        // What is below the slot's lip is seen, what is above it is in the machine.
        Item {
            id: outside
            x: (drawing.aboutCard ? 50 : 60) * drawing.unit
            y: (drawing.aboutCard ? 171 : 229) * drawing.unit
            width: (drawing.aboutCard ? 40 : 80) * drawing.unit
            height: (drawing.aboutCard ? 80 : 61) * drawing.unit
            clip: true

            Image {
                visible: drawing.aboutCard
                x: 4 * drawing.unit
                y: (18 - 50 * drawing.inside) * drawing.unit
                width: 32 * drawing.unit
                height: 50 * drawing.unit
                source: "../pictures/card-upright.svg"
                sourceSize: Qt.size(width, height)
            }

            Image {
                visible: !drawing.aboutCard
                x: 2 * drawing.unit
                y: (-52 - 42 * drawing.inside) * drawing.unit
                width: 76 * drawing.unit
                height: 96 * drawing.unit
                source: "../pictures/sheet.svg"
                sourceSize: Qt.size(width, height)
            }
        }

        Image {
            visible: drawing.act !== "keep-card"
            x: (drawing.aboutCard ? 100 : 142) * drawing.unit
            y: (drawing.aboutCard ? 192 : 246) * drawing.unit
            width: 24 * drawing.unit
            height: 30 * drawing.unit
            rotation: drawing.inwards ? 0 : 180
            source: "../pictures/arrow.svg"
            sourceSize: Qt.size(width, height)
        }
    }

    SequentialAnimation {
        running: !Theme.still && drawing.visible && drawing.act !== "keep-card"
        loops: Animation.Infinite

        PropertyAction {
            target: drawing
            property: "inside"
            value: drawing.inwards ? 0 : drawing.aboutCard ? 0.72 : 1
        }
        PauseAnimation {
            duration: 500
        }
        NumberAnimation {
            target: drawing
            property: "inside"
            to: drawing.inwards ? 0.72 : 0
            duration: 1300
            easing.type: Easing.InOutQuad
        }
        PauseAnimation {
            duration: 900
        }
    }
}
