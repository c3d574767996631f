import QtQuick
import "../parts"

// The printer cannot tell; somebody of the staff looks at the paper and vouches for it with the PIN. Or it is void.
Page {
    id: page
    question: words.confirm.question
    notice: keys.said
    Keys.forwardTo: [keys]

    Words {
        id: sentence
        objectName: "sentence"
        width: parent.width
        text: page.words.confirm.sentence
        font.pixelSize: Theme.answer
    }

    StaffKeys {
        id: keys
        anchors {
            top: sentence.bottom
            left: parent.left
            right: parent.right
            bottom: none.top
            bottomMargin: Theme.mm(9)
        }
        visit: page.visit
        asked: page.facts.asked || null
    }

    Answer {
        id: none
        objectName: "not-whole"
        width: parent.width
        height: Theme.mm(26)
        anchors.bottom: parent.bottom
        text: page.words.confirm.not_whole
        onTriggered: page.visit.send("not_whole")
    }
}
