import QtQuick

// A calm word that something needs attention: a mark, a sentence, an amber edge. Never colour alone.
Rectangle {
    id: notice

    required property string text

    implicitHeight: sentence.implicitHeight + Theme.mm(8)
    color: Theme.paper
    radius: Theme.radius
    border.width: Math.max(1, Theme.mm(0.8))
    border.color: Theme.look

    Image {
        id: mark
        anchors {
            left: parent.left
            leftMargin: Theme.mm(5)
            verticalCenter: parent.verticalCenter
        }
        width: Theme.mm(9)
        height: width
        source: "../pictures/look.svg"
        sourceSize: Qt.size(width, height)
    }

    Words {
        id: sentence
        anchors {
            left: mark.right
            leftMargin: Theme.mm(4)
            right: parent.right
            rightMargin: Theme.mm(5)
            verticalCenter: parent.verticalCenter
        }
        text: notice.text
        color: Theme.lookText
    }
}
