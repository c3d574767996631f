import QtQuick

// The one quiet band of stars and crosses, from edge to edge of the screen.
Item {
    width: parent.width
    height: Theme.mm(62)

    Image {
        x: -Theme.margin
        width: parent.width + 2 * Theme.margin
        height: parent.height
        source: "../pictures/stars.svg"
        sourceSize.height: height
        fillMode: Image.PreserveAspectCrop
        Accessible.ignored: true
    }
}
