import QtQuick
import "../parts"

// The card out, either before the paper comes, or (no step any more) because the visit is over.
Page {
    id: page
    question: words.take_card.question
    hint: visit.stepCount > 0 ? words.take_card.before_paper : words.take_card.at_the_end

    KioskDrawing {
        objectName: "drawing"
        anchors.fill: parent
        act: "take-card"
        description: page.question
    }
}
