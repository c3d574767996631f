import QtQuick
import Shubbak.Screen

// The staff's PIN: masked, and no key shows its press. While too many tries were wrong, how long to wait.
Item {
    id: keys

    required property Visit visit
    required property var asked // {left, wait_s, wrong, code}; null until the session has looked
    property string entry: ""
    property int waiting: asked ? asked.wait_s : 0
    readonly property var words: visit.words
    readonly property string code: asked ? asked.code || "" : ""
    readonly property bool asking: asked !== null && code === ""
    readonly property bool complete: entry.length >= 6
    readonly property string said: {
        if (!asking)
            return "";
        if (waiting > 0)
            return Theme.fill(words.staff_pin.wait, { m: Math.floor(waiting / 60), s: waiting % 60 });
        return asked.wrong ? words.staff_pin.wrong + " " + Theme.fill(words.staff_pin.tries, { n: asked.left }) : "";
    }

    function type(key) {
        if (entry.length < 12)
            entry += key;
    }

    function submit() {
        const typed = entry;
        entry = "";
        visit.send("staff_pin", { pin: typed });
    }

    onAskedChanged: waiting = asked ? asked.wait_s : 0
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
        running: keys.waiting > 0
        onTriggered: keys.waiting -= 1
    }

    Column {
        anchors.verticalCenter: parent.verticalCenter
        width: parent.width
        visible: keys.code !== ""
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
            text: keys.code === "E-STAFF-PIN-NONE" ? keys.words.staff_pin.none : keys.words.staff_pin.unusable
            font.pixelSize: Theme.answer
        }

        Words {
            objectName: "code"
            width: parent.width
            centred: true
            text: keys.words.common.code + " " + Theme.isolated(keys.code)
            font.pixelSize: Theme.small
            color: Theme.quiet
        }
    }

    Column {
        anchors.bottom: parent.bottom
        width: parent.width
        visible: keys.asking
        spacing: Theme.mm(9)

        Boxes {
            objectName: "entry"
            anchors.horizontalCenter: parent.horizontalCenter
            count: 12
            side: Math.min(Theme.mm(24), (keys.width - 11 * spacing) / 12 / 0.82)
            hidden: true
            entry: keys.entry
            label: keys.words.staff_pin.entry
        }

        Keypad {
            width: parent.width
            quiet: true
            eraseText: keys.words.common.erase
            onDigit: key => keys.type(key)
            onErase: keys.entry = keys.entry.slice(0, -1)
        }

        Answer {
            id: button
            objectName: "primary"
            width: parent.width
            height: Theme.mm(32)
            primary: true
            ready: keys.complete && keys.waiting === 0
            text: keys.words.common.continue
            onTriggered: keys.submit()
        }
    }
}
