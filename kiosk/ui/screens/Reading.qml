import QtQuick
import "../parts"

Page {
    id: page
    question: words.reading.question
    hint: words.reading.hint

    KioskDrawing {
        anchors {
            top: parent.top
            left: parent.left
            right: parent.right
            bottom: list.top
            bottomMargin: Theme.mm(10)
        }
        act: "keep-card"
        description: page.hint
    }

    Steps {
        id: list
        objectName: "steps"
        width: parent.width
        anchors.bottom: usually.top
        anchors.bottomMargin: Theme.mm(8)
        words: page.words
        steps: page.facts.steps.map(step => ({ label: page.words.reading[step.name] || page.words.preparing[step.name], state: step.state, note: "" }))
    }

    Words {
        id: usually
        width: parent.width
        anchors.bottom: parent.bottom
        text: page.words.common.usually
        color: Theme.quiet
    }
}
