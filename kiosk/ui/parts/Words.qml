import QtQuick

// Any sentence on the screen: read aloud by assistive tools, aligned to the side the language begins on.
Text {
    id: words

    property bool centred: false

    color: Theme.ink
    font.pixelSize: Theme.body
    horizontalAlignment: centred ? Text.AlignHCenter : Text.AlignLeft
    wrapMode: Text.Wrap
    textFormat: Text.PlainText
    lineHeight: 1.1

    Accessible.role: Accessible.StaticText
    Accessible.name: text
    Accessible.ignored: text === ""
}
