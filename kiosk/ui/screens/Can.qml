import QtQuick
import "../parts"

// The six digits printed on the card.
Page {
    id: page

    property string entry: ""
    readonly property bool complete: entry.length === 6

    function type(key) {
        if (entry.length < 6)
            entry += key;
    }

    function submit() {
        const typed = entry;
        entry = "";
        visit.send("password", { can: typed });
    }

    question: words.can.question
    hint: facts.scanner ? words.can.hint + " " + words.can.scan : words.can.hint
    notice: facts.wrong && entry === "" ? words.can.wrong : ""

    Keys.onPressed: event => {
        if (/^[0-9]$/.test(event.text))
            type(event.text);
        else if (event.key === Qt.Key_Backspace)
            entry = entry.slice(0, -1);
        else if ((event.key === Qt.Key_Return || event.key === Qt.Key_Enter) && complete)
            submit();
    }

    Image {
        anchors {
            top: parent.top
            bottom: below.top
            bottomMargin: Theme.mm(8)
            horizontalCenter: parent.horizontalCenter
        }
        width: Math.min(parent.width, Theme.mm(210))
        visible: height > Theme.mm(30)
        fillMode: Image.PreserveAspectFit
        source: "../pictures/card-front.svg"
        sourceSize.width: width
        Accessible.role: Accessible.Graphic
        Accessible.name: page.hint
    }

    Column {
        id: below
        width: parent.width
        anchors.bottom: parent.bottom
        spacing: Theme.mm(9)

        Boxes {
            objectName: "entry"
            anchors.horizontalCenter: parent.horizontalCenter
            count: 6
            entry: page.entry
            label: page.words.can.entry
        }

        Keypad {
            width: parent.width
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
