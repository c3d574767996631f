import QtQuick
import "../parts"

Page {
    id: page
    question: words.card.question
    hint: words.card.hint

    KioskDrawing {
        objectName: "drawing"
        anchors.fill: parent
        act: "insert-card"
        description: page.question
    }
}
