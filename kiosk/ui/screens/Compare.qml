import QtQuick
import "../parts"

// For the clerk's eye: what the chip says of its holder, to be held against the card and the person.
Page {
    id: page

    readonly property bool pictured: !!facts.picture
    readonly property var lines: [
        { name: "name-first", label: words.compare.name, said: visit.language === "ar" ? facts.name_ar : facts.name_latin },
        { name: "name-second", label: "", said: visit.language === "ar" ? facts.name_latin : facts.name_ar },
        { name: "born", label: words.compare.born, said: asDay(facts.born_on) },
        { name: "number", label: words.compare.number, said: facts.number_ends === "" ? "" : "… " + facts.number_ends }
    ].filter(line => line.said !== "")

    // DD / MM / YYYY, as it is typed elsewhere.
    function asDay(iso) {
        return iso === "" ? "" : iso.split("-").reverse().join(" / ");
    }

    question: words.compare.question
    hint: pictured ? words.compare.picture_hint : words.compare.hint
    notice: facts.likeness ? words.compare[facts.likeness] : ""

    Image {
        id: portrait
        objectName: "portrait"
        anchors {
            top: parent.top
            topMargin: Theme.mm(4)
            horizontalCenter: parent.horizontalCenter
        }
        visible: page.pictured
        height: visible ? Math.min(Theme.mm(100), parent.height - said.height - answers.height - Theme.mm(30)) : 0
        width: height * 3 / 4
        fillMode: Image.PreserveAspectFit
        cache: false
        source: page.facts.picture || ""
        Accessible.role: Accessible.Graphic
        Accessible.name: page.words.compare.picture
    }

    Column {
        id: said
        anchors {
            top: portrait.bottom
            topMargin: Theme.mm(8)
            left: parent.left
            right: parent.right
        }
        spacing: Theme.mm(7)

        Repeater {
            model: page.lines

            Column {
                id: line

                required property var modelData

                width: said.width
                spacing: Theme.mm(1)

                Words {
                    width: parent.width
                    visible: text !== ""
                    text: line.modelData.label
                    color: Theme.quiet
                    font.pixelSize: Theme.small
                }

                Words {
                    objectName: line.modelData.name
                    width: parent.width
                    text: Theme.isolated(line.modelData.said)
                    font.pixelSize: Theme.answer
                    font.bold: true
                }
            }
        }
    }

    Column {
        id: answers
        width: parent.width
        anchors.bottom: parent.bottom
        spacing: Theme.mm(12)

        Answer {
            objectName: "primary"
            width: parent.width
            height: Theme.mm(32)
            primary: true
            text: page.words.compare.vouch
            onTriggered: page.visit.send("vouch")
        }

        Answer {
            objectName: "not-holder"
            width: parent.width
            height: Theme.mm(26)
            text: page.words.compare.not_holder
            onTriggered: page.visit.send("not_holder")
        }
    }
}
