import QtQuick

// This very kiosk, with the part in question marked and moving: `act` says what the hand does there.
Item {
    id: drawing

    required property string act // "insert-card" | "keep-card" | "take-card" | "paper-comes" | "take-paper"
    required property string description
    property string form: "a4" // a ticket has a mouth of its own
    readonly property bool ticket: form === "ticket" && !aboutCard
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

        // The ticket's mouth, beside the card's slot: only where a ticket comes, since not every kiosk has one.
        Rectangle {
            visible: drawing.ticket
            x: 108 * drawing.unit
            y: 198 * drawing.unit
            width: 48 * drawing.unit
            height: 14 * drawing.unit
            radius: 4 * drawing.unit
            color: Theme.paper
            border.width: Math.max(1, 1.2 * drawing.unit)
            border.color: Theme.ink

            Rectangle {
                anchors.centerIn: parent
                width: 38 * drawing.unit
                height: 3.4 * drawing.unit
                radius: 1.4 * drawing.unit
                color: Theme.ink
            }
        }

        Rectangle {
            id: mark
            x: (drawing.ticket ? 104 : 40) * drawing.unit
            y: (drawing.aboutCard ? 154 : drawing.ticket ? 194 : 212) * drawing.unit
            width: (drawing.aboutCard ? 60 : drawing.ticket ? 56 : 120) * drawing.unit
            height: (drawing.ticket ? 22 : 34) * drawing.unit
            radius: 6 * drawing.unit
            color: "transparent"
            border.width: Math.max(2, 2.6 * drawing.unit)
            border.color: Theme.look
        }

        // What is below the slot's lip is seen, what is above it is in the machine.
        Item {
            id: outside
            x: (drawing.aboutCard ? 50 : drawing.ticket ? 114 : 60) * drawing.unit
            y: (drawing.aboutCard ? 171 : drawing.ticket ? 206 : 229) * drawing.unit
            width: (drawing.aboutCard ? 40 : drawing.ticket ? 36 : 80) * drawing.unit
            height: (drawing.aboutCard ? 80 : drawing.ticket ? 80 : 61) * drawing.unit
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
                x: (drawing.ticket ? 3 : 2) * drawing.unit
                y: (drawing.ticket ? -6 - 64 * drawing.inside : -52 - 42 * drawing.inside) * drawing.unit
                width: (drawing.ticket ? 30 : 76) * drawing.unit
                height: (drawing.ticket ? 72 : 96) * drawing.unit
                source: drawing.ticket ? "../pictures/ticket.svg" : "../pictures/sheet.svg"
                sourceSize: Qt.size(width, height)
            }
        }

        Image {
            visible: drawing.act !== "keep-card"
            x: (drawing.aboutCard ? 100 : drawing.ticket ? 160 : 142) * drawing.unit
            y: (drawing.aboutCard ? 192 : drawing.ticket ? 222 : 246) * drawing.unit
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
