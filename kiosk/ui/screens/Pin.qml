import QtQuick
import "../parts"

// The secret code: only how many digits were typed is shown, and no key shows its press.
Page {
    id: page

    property string entry: ""
    readonly property bool complete: entry.length >= 4
    readonly property bool triesKnown: facts.tries_left !== null && facts.tries_left !== undefined
    readonly property string tries: triesKnown ? Theme.fill(words.pin.tries, { n: facts.tries_left }) : ""

    function type(key) {
        if (entry.length < 8)
            entry += key;
    }

    function submit() {
        const typed = entry;
        entry = "";
        visit.send("pin", { pin: typed });
    }

    question: words.pin.question
    hint: words.pin.hint
    notice: facts.wrong ? words.pin.wrong + " " + tries : ""

    Keys.onPressed: event => {
        if (/^[0-9]$/.test(event.text))
            type(event.text);
        else if (event.key === Qt.Key_Backspace)
            entry = entry.slice(0, -1);
        else if ((event.key === Qt.Key_Return || event.key === Qt.Key_Enter) && complete)
            submit();
    }
    Component.onDestruction: entry = ""

    Image {
        anchors {
            top: parent.top
            bottom: below.top
            bottomMargin: Theme.mm(10)
            horizontalCenter: parent.horizontalCenter
        }
        width: Math.min(parent.width, Theme.mm(150))
        visible: height > Theme.mm(30)
        fillMode: Image.PreserveAspectFit
        source: "../pictures/secret.svg"
        sourceSize.width: width
        Accessible.role: Accessible.Graphic
        Accessible.name: page.hint
    }

    Column {
        id: below
        width: parent.width
        anchors.bottom: parent.bottom
        spacing: Theme.mm(9)

        Words {
            objectName: "tries"
            width: parent.width
            centred: true
            visible: page.triesKnown && !page.facts.wrong
            text: page.tries
            color: Theme.quiet
        }

        Boxes {
            objectName: "entry"
            anchors.horizontalCenter: parent.horizontalCenter
            count: 8
            hidden: true
            entry: page.entry
            label: page.words.pin.entry
        }

        Keypad {
            width: parent.width
            quiet: true
            eraseText: page.words.common.erase
            onDigit: key => page.type(key)
            onErase: page.entry = page.entry.slice(0, -1)
        }

        Answer {
            objectName: "primary"
            width: parent.width
            height: Theme.mm(32)
            primary: true
            ready: page.complete
            text: page.words.common.continue
            onTriggered: page.submit()
        }
    }
}
