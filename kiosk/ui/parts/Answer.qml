import QtQuick

// Something to touch. It acts when the finger leaves it, and not if the finger slid off first.
// `primary` is the one thing to do on a screen; `ready` false keeps it in its place, dull and deaf.
FocusScope {
    id: answer

    required property string text
    property string note: ""
    property bool primary: false
    property bool ready: true
    property bool quiet: false // shows no press: nobody shall see which key was touched
    property int size: Theme.answer
    property bool bold: primary
    property string icon: ""
    readonly property bool target: true
    readonly property bool pressed: tap.pressed && !quiet

    signal triggered

    implicitHeight: Math.max(Theme.target, label.implicitHeight + Theme.mm(7))
    implicitWidth: label.implicitWidth + Theme.mm(16) + (icon ? picture.width + Theme.mm(4) : 0)
    activeFocusOnTab: ready

    Accessible.role: Accessible.Button
    Accessible.name: note ? text + ", " + note : text
    Accessible.focusable: ready
    Accessible.onPressAction: if (ready) answer.triggered()

    Keys.onReturnPressed: if (ready) answer.triggered()
    Keys.onEnterPressed: if (ready) answer.triggered()
    Keys.onSpacePressed: if (ready) answer.triggered()

    Rectangle {
        anchors.fill: parent
        radius: Theme.radius
        color: {
            if (answer.primary)
                return !answer.ready ? Theme.hairline : answer.pressed ? Theme.accentPressed : Theme.accent;
            return answer.pressed ? Theme.tint : Theme.paper;
        }
        border.width: answer.primary ? 0 : Math.max(1, Theme.mm(0.6))
        border.color: answer.pressed ? Theme.accent : Theme.line
    }

    Rectangle {
        anchors.fill: parent
        anchors.margins: -Theme.mm(1.6)
        radius: Theme.radius + Theme.mm(1.6)
        visible: answer.activeFocus && answer.ready && !answer.quiet && Theme.keyboardUsed
        color: "transparent"
        border.width: Theme.mm(1)
        border.color: Theme.look
    }

    Row {
        anchors.centerIn: parent
        spacing: Theme.mm(4)

        Image {
            id: picture
            anchors.verticalCenter: parent.verticalCenter
            visible: answer.icon !== ""
            source: answer.icon ? "../pictures/" + answer.icon + ".svg" : ""
            width: visible ? answer.size * 1.2 : 0
            height: width
            sourceSize: Qt.size(width, height)
            mirror: LayoutMirroring.enabled && answer.icon === "back"
        }

        Words {
            id: label
            anchors.verticalCenter: parent.verticalCenter
            centred: true
            width: Math.min(implicitWidth, answer.width - Theme.mm(8) - (answer.icon ? picture.width + Theme.mm(4) : 0))
            text: answer.text
            font.pixelSize: answer.size
            font.bold: answer.bold
            color: answer.primary ? (answer.ready ? Theme.accentText : Theme.quiet) : Theme.ink
            Accessible.ignored: true
        }
    }

    TapHandler {
        id: tap
        enabled: answer.ready
        gesturePolicy: TapHandler.ReleaseWithinBounds
        onTapped: answer.triggered()
    }
}
