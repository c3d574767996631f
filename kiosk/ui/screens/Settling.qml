import QtQuick
import "../parts"

Page {
    id: page
    question: words.settling.question
    hint: words.settling.hint

    Image {
        anchors.centerIn: parent
        width: Math.min(parent.width, Theme.mm(120))
        fillMode: Image.PreserveAspectFit
        source: "../pictures/sheet.svg"
        sourceSize.width: width
        Accessible.ignored: true
    }
}
