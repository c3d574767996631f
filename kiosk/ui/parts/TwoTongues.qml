import QtQuick

// The primary action while no language is chosen: the same words twice, in one button.
FocusScope {
    id: both

    required property string arabic
    required property string french
    readonly property bool target: true
    readonly property bool ready: true

    signal triggered

    activeFocusOnTab: true
    Accessible.role: Accessible.Button
    Accessible.name: arabic + " " + french
    Accessible.onPressAction: both.triggered()
    Keys.onReturnPressed: both.triggered()
    Keys.onEnterPressed: both.triggered()
    Keys.onSpacePressed: both.triggered()

    Rectangle {
        anchors.fill: parent
        radius: Theme.radius
        color: tap.pressed ? Theme.accentPressed : Theme.accent
    }

    Column {
        anchors.centerIn: parent
        width: parent.width - Theme.mm(12)
        spacing: Theme.mm(2)

        Words {
            width: parent.width
            centred: true
            text: both.arabic
            font.pixelSize: Theme.question
            font.bold: true
            color: Theme.accentText
            lineHeight: 1
            Accessible.ignored: true
        }

        Words {
            width: parent.width
            centred: true
            text: both.french
            font.pixelSize: Theme.answer
            color: Theme.accentText
            lineHeight: 1
            Accessible.ignored: true
        }
    }

    TapHandler {
        id: tap
        gesturePolicy: TapHandler.ReleaseWithinBounds
        onTapped: both.triggered()
    }
}
