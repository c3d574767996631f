import QtQuick

// How far a list or a strip was pushed: there only where it can be.
Rectangle {
    id: rail

    required property Flickable frame

    width: Theme.mm(2)
    visible: frame.interactive
    radius: width / 2
    color: Theme.hairline

    Rectangle {
        width: parent.width
        y: rail.frame.visibleArea.yPosition * parent.height
        height: rail.frame.visibleArea.heightRatio * parent.height
        radius: width / 2
        color: Theme.line
    }
}
