import QtQuick
import "../parts"

Page {
    id: page
    question: words.preparing.question
    hint: words.preparing.hint

    Image {
        anchors {
            top: parent.top
            bottom: list.top
            margins: Theme.mm(16)
            horizontalCenter: parent.horizontalCenter
        }
        width: Math.min(parent.width, Theme.mm(120))
        fillMode: Image.PreserveAspectFit
        source: "../pictures/sheet.svg"
        sourceSize.width: width
        Accessible.ignored: true
    }

    Steps {
        id: list
        objectName: "steps"
        width: parent.width
        anchors.bottom: usually.top
        anchors.bottomMargin: Theme.mm(8)
        words: page.words
        steps: page.facts.steps.map(step => ({ label: page.words.preparing[step.name] || page.words.reading[step.name], state: step.state, note: "" }))
    }

    Words {
        id: usually
        width: parent.width
        anchors.bottom: parent.bottom
        text: page.words.common.usually
        color: Theme.quiet
    }
}
