import QtQuick
import "../parts"

// Three fields of the card's back, one after the other; the drawing shows where each stands. Where there is a scanner
// the same three lines may be shown to it instead.
Page {
    id: page

    property var entries: ["", "", ""]
    property int field: 0
    readonly property var limits: [22, 8, 8]
    readonly property var usual: [9, 8, 8] // a longer number is gone on with by touching its field again
    readonly property bool complete: entries[0].length >= 5 && isDate(entries[1]) && isDate(entries[2])
    readonly property bool untouched: entries.every(entry => entry === "")

    // Eight digits DDMMYYYY that are a day of the calendar.
    function isDate(digits) {
        if (digits.length !== 8)
            return false;
        const day = Number(digits.slice(0, 2)), month = Number(digits.slice(2, 4)), year = Number(digits.slice(4));
        const date = new Date(year, month - 1, day);
        return year >= 1900 && date.getFullYear() === year && date.getMonth() === month - 1 && date.getDate() === day;
    }

    // As the card has it: YYMMDD.
    function sixDigits(digits) {
        return digits.slice(6, 8) + digits.slice(2, 4) + digits.slice(0, 2);
    }

    function put(text) {
        const next = entries.slice();
        next[field] = text;
        entries = next;
    }

    function type(key) {
        if (entries[field].length >= limits[field])
            return;
        put(entries[field] + key);
        if (entries[field].length === usual[field] && field < 2 && entries[field + 1] === "")
            field += 1;
    }

    function erase() {
        if (entries[field] === "" && field > 0)
            field -= 1;
        else
            put(entries[field].slice(0, -1));
    }

    function submit() {
        const typed = entries;
        entries = ["", "", ""];
        field = 0;
        visit.send("password", {
            document_number: typed[0],
            date_of_birth: sixDigits(typed[1]),
            date_of_expiry: sixDigits(typed[2])
        });
    }

    question: facts.scanner ? words.mrz.scan_question : words.mrz.question
    hint: facts.scanner ? words.mrz.scan_hint : words.mrz.hint
    notice: facts.wrong && untouched ? words.mrz.wrong : ""

    Keys.onPressed: event => {
        const key = event.text.toUpperCase();
        if (field === 0 ? /^[A-Z0-9]$/.test(key) : /^[0-9]$/.test(key))
            type(key);
        else if (event.key === Qt.Key_Backspace)
            erase();
        else if ((event.key === Qt.Key_Return || event.key === Qt.Key_Enter) && complete)
            submit();
    }

    CardBack {
        anchors {
            top: parent.top
            left: parent.left
            right: parent.right
            bottom: fields.top
            bottomMargin: Theme.mm(8)
        }
        visible: height > Theme.mm(30)
        field: page.field
        description: page.hint
    }

    Column {
        id: fields
        width: parent.width
        anchors.bottom: keys.top
        anchors.bottomMargin: Theme.mm(8)
        spacing: Theme.mm(4)

        Field {
            objectName: "field-document"
            width: parent.width
            label: page.words.mrz.document
            shown: page.entries[0]
            active: page.field === 0
            onTriggered: page.field = 0
        }

        Field {
            objectName: "field-birth"
            width: parent.width
            label: page.words.mrz.birth
            shown: asDate(page.entries[1], page.words.mrz)
            empty: page.entries[1] === ""
            invalid: page.entries[1].length === 8 && !page.isDate(page.entries[1])
            active: page.field === 1
            onTriggered: page.field = 1
        }

        Field {
            objectName: "field-expiry"
            width: parent.width
            label: page.words.mrz.expiry
            shown: asDate(page.entries[2], page.words.mrz)
            empty: page.entries[2] === ""
            invalid: page.entries[2].length === 8 && !page.isDate(page.entries[2])
            active: page.field === 2
            onTriggered: page.field = 2
        }
    }

    // The keys keep their place whichever they are; only one set exists at a time.
    Item {
        id: keys
        width: parent.width
        height: Theme.mm(115)
        anchors.bottom: send.top
        anchors.bottomMargin: Theme.mm(8)

        Loader {
            width: parent.width
            anchors.bottom: parent.bottom
            sourceComponent: page.field === 0 ? letters : digits
        }

        Component {
            id: letters

            Keyboard {
                eraseText: page.words.common.erase
                keyHeight: Theme.mm(24)
                onLetter: key => page.type(key)
                onErase: page.erase()
            }
        }

        Component {
            id: digits

            Keypad {
                eraseText: page.words.common.erase
                keyHeight: Theme.mm(24)
                onDigit: key => page.type(key)
                onErase: page.erase()
            }
        }
    }

    Answer {
        id: send
        objectName: "primary"
        width: parent.width
        height: Theme.mm(30)
        anchors.bottom: parent.bottom
        primary: true
        ready: page.complete
        text: page.words.common.continue
        onTriggered: page.submit()
    }
}
