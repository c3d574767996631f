import QtQuick
import "../parts"

Page {
    id: page
    question: words.opening.question
    hint: words.opening.hint

    KioskDrawing {
        objectName: "drawing"
        anchors.fill: parent
        act: "keep-card"
        description: page.hint
    }
}
