import QtQuick
import "../parts"

// From the registry's word to the paper: what is done, what is being done, and what keeps it waiting.
Page {
    id: page

    readonly property var stages: ["asking", "signing", "printing"]
    readonly property int at: stages.indexOf(facts.stage)
    readonly property var known: ["jam", "cutter", "cover-open", "paper-out", "toner-empty", "offline"] // what is said first, where several are true
    readonly property var blocking: facts.conditions.filter(c => !c.endsWith("-low"))

    // The card signs until the paper is signed: only then does it leave, and the paper come.
    readonly property bool coming: facts.stage === "printing"

    question: blocking.length > 0 ? words.printing.waits : coming ? words.printing.question : words.printing.before
    hint: blocking.length > 0 ? "" : !coming ? words.reading.hint : facts.form === "ticket" ? words.printing.hint_ticket : words.printing.hint
    notice: blocking.length === 0 ? "" : words.printing[known.find(c => blocking.includes(c)) || "other"]

    KioskDrawing {
        anchors {
            top: parent.top
            left: parent.left
            right: parent.right
            bottom: list.top
            bottomMargin: Theme.mm(10)
        }
        act: page.coming ? "paper-comes" : "keep-card"
        form: page.facts.form
        description: page.hint
    }

    Steps {
        id: list
        objectName: "steps"
        width: parent.width
        anchors.bottom: parent.bottom
        words: page.words
        steps: page.stages.map((name, index) => ({
                    label: page.words.printing[name],
                    state: index < page.at ? "done" : index === page.at ? "now" : "later",
                    note: name === "printing" && index === page.at && page.facts.form === "a4" && page.facts.page > 0 && page.facts.of > 0 ? Theme.fill(page.words.printing.pages, { n: page.facts.page, m: page.facts.of }) : ""
                }))
    }
}
