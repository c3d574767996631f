pragma Singleton
import QtQuick

// Sizes in millimetres of the real screen, turned to pixels by mm(); the colours of the standard theme.
QtObject {
    property real pixelsPerMillimetre: 3.14
    property bool still: false
    property bool keyboardUsed: false // the focus ring shows from the first Tab or arrow on

    readonly property real capHeight: 0.714 // Noto Sans: height of H over the size of the type

    readonly property int question: type(9)
    readonly property int answer: type(6.5)
    readonly property int body: type(5)
    readonly property int small: type(4)

    readonly property real margin: mm(22)
    readonly property real target: mm(22)
    readonly property real radius: mm(4)
    readonly property real rule: Math.max(1, mm(0.35))

    readonly property color ground: "#fbf8f2"
    readonly property color paper: "#ffffff"
    readonly property color ink: "#1b1a17"
    readonly property color quiet: "#4f4b42"
    readonly property color line: "#8a8374"
    readonly property color hairline: "#d8d1c2"
    readonly property color accent: "#0b4f3a"
    readonly property color accentPressed: "#06382a"
    readonly property color accentText: "#ffffff"
    readonly property color tint: "#e9f0ea"
    readonly property color look: "#f0a500"
    readonly property color lookText: "#664000"

    function mm(millimetres) {
        return Math.round(millimetres * pixelsPerMillimetre);
    }

    function type(capMillimetres) {
        return Math.round(capMillimetres * pixelsPerMillimetre / capHeight);
    }

    // A number keeps its own direction inside Arabic words.
    function isolated(text) {
        return "\u2066" + text + "\u2069";
    }

    // `values` by name into the {name} places of a sentence; names of people keep their own direction.
    function fill(sentence, values) {
        return sentence.replace(/\{(\w+)\}/g, (place, key) => "\u2068" + values[key] + "\u2069");
    }
}
