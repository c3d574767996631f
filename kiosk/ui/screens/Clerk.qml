import QtQuick
import "../parts"

// The card cannot prove who holds it: somebody of the staff comes, and says so with the PIN before anything is shown.
Page {
    id: page
    question: words.clerk.question
    notice: keys.said
    Keys.forwardTo: [keys]

    Words {
        id: sentence
        objectName: "sentence"
        width: parent.width
        text: page.words.clerk.sentence
        font.pixelSize: Theme.answer
    }

    StaffKeys {
        id: keys
        anchors {
            top: sentence.bottom
            left: parent.left
            right: parent.right
            bottom: parent.bottom
        }
        visit: page.visit
        asked: page.facts.asked || null
    }
}
