import QtQuick

// An answer that can be told by its picture alone; the words stand below it.
FocusScope {
    id: answer

    required property string text
    required property string picture
    readonly property bool target: true
    readonly property bool ready: true

    signal triggered

    activeFocusOnTab: true

    Accessible.role: Accessible.Button
    Accessible.name: text
    Accessible.focusable: true
    Accessible.onPressAction: answer.triggered()

    Keys.onReturnPressed: answer.triggered()
    Keys.onEnterPressed: answer.triggered()
    Keys.onSpacePressed: answer.triggered()

    Rectangle {
        anchors.fill: parent
        radius: Theme.radius
        color: tap.pressed ? Theme.tint : Theme.paper
        border.width: Math.max(1, Theme.mm(0.6))
        border.color: tap.pressed ? Theme.accent : Theme.line
    }

    Rectangle {
        anchors.fill: parent
        anchors.margins: -Theme.mm(1.6)
        radius: Theme.radius + Theme.mm(1.6)
        visible: answer.activeFocus && Theme.keyboardUsed
        color: "transparent"
        border.width: Theme.mm(1)
        border.color: Theme.look
    }

    Image {
        anchors {
            top: parent.top
            bottom: label.top
            horizontalCenter: parent.horizontalCenter
            margins: Theme.mm(12)
        }
        width: parent.width - Theme.mm(24)
        fillMode: Image.PreserveAspectFit
        source: "../pictures/" + answer.picture + ".svg"
        sourceSize.height: height
        Accessible.ignored: true
    }

    Words {
        id: label
        anchors {
            left: parent.left
            right: parent.right
            bottom: parent.bottom
            margins: Theme.mm(8)
        }
        centred: true
        text: answer.text
        font.pixelSize: Theme.answer
        font.bold: true
        Accessible.ignored: true
    }

    TapHandler {
        id: tap
        gesturePolicy: TapHandler.ReleaseWithinBounds
        onTapped: answer.triggered()
    }
}
