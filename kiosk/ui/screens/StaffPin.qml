import QtQuick
import "../parts"

// The technicians' PIN: masked, and no key shows its press. While too many tries were wrong, how long to wait.
Page {
    id: page

    property string entry: ""
    property int waiting: 0
    readonly property var asked: facts.asked || null // nothing until the session has looked
    readonly property string code: asked ? asked.code || "" : ""
    readonly property bool asking: asked !== null && code === ""
    readonly property bool complete: entry.length >= 6

    function type(key) {
        if (entry.length < 12)
            entry += key;
    }

    function submit() {
        const typed = entry;
        entry = "";
        visit.send("staff_pin", { pin: typed });
    }

    function said() {
        if (!asking)
            return "";
        if (waiting > 0)
            return Theme.fill(words.staff_pin.wait, { m: Math.floor(waiting / 60), s: waiting % 60 });
        return asked.wrong ? words.staff_pin.wrong + " " + Theme.fill(words.staff_pin.tries, { n: asked.left }) : "";
    }

    question: words.staff_pin.question
    hint: asking ? words.staff_pin.hint : ""
    notice: said()

    onFactsChanged: waiting = facts.asked ? facts.asked.wait_s : 0
    Component.onCompleted: waiting = facts.asked ? facts.asked.wait_s : 0
    Component.onDestruction: entry = ""
    Keys.onPressed: event => {
        if (/^[0-9]$/.test(event.text))
            type(event.text);
        else if (event.key === Qt.Key_Backspace)
            entry = entry.slice(0, -1);
        else if ((event.key === Qt.Key_Return || event.key === Qt.Key_Enter) && button.ready)
            submit();
    }

    // Only told: the session looks at no PIN before its own time.
    Timer {
        interval: 1000
        repeat: true
        running: page.waiting > 0
        onTriggered: page.waiting -= 1
    }

    Column {
        anchors.verticalCenter: parent.verticalCenter
        width: parent.width
        visible: page.code !== ""
        spacing: Theme.mm(12)

        Image {
            anchors.horizontalCenter: parent.horizontalCenter
            width: Theme.mm(40)
            height: width
            source: "../pictures/look.svg"
            sourceSize: Qt.size(width, height)
            Accessible.ignored: true
        }

        Words {
            objectName: "refusal"
            width: parent.width
            centred: true
            text: page.code === "E-STAFF-PIN-NONE" ? page.words.staff_pin.none : page.words.staff_pin.unusable
            font.pixelSize: Theme.answer
        }

        Words {
            objectName: "code"
            width: parent.width
            centred: true
            text: page.words.common.code + " " + Theme.isolated(page.code)
            font.pixelSize: Theme.small
            color: Theme.quiet
        }
    }

    Column {
        anchors.bottom: parent.bottom
        width: parent.width
        visible: page.asking
        spacing: Theme.mm(9)

        Boxes {
            objectName: "entry"
            anchors.horizontalCenter: parent.horizontalCenter
            count: 12
            side: Math.min(Theme.mm(24), (page.width - 11 * spacing) / 12 / 0.82)
            hidden: true
            entry: page.entry
            label: page.words.staff_pin.entry
        }

        Keypad {
            width: parent.width
            quiet: true
            eraseText: page.words.common.erase
            onDigit: key => page.type(key)
            onErase: page.entry = page.entry.slice(0, -1)
        }

        Answer {
            id: button
            objectName: "primary"
            width: parent.width
            height: Theme.mm(32)
            primary: true
            ready: page.complete && page.waiting === 0
            text: page.words.common.continue
            onTriggered: page.submit()
        }
    }
}
