import QtQuick

// One of several things to type: its name, what was typed, and a frame when it is its turn.
FocusScope {
    id: field

    required property string label
    required property string shown
    required property bool active
    property bool empty: shown === ""
    property bool invalid: false
    readonly property bool target: true
    readonly property bool ready: true

    signal triggered

    // DDMMYYYY as far as it was typed, the rest as the places that are still to come.
    function asDate(digits, words) {
        const part = (from, to, name) => Theme.isolated(digits.length > from ? digits.slice(from, to).padEnd(to - from, "·") : words[name]);
        return [part(0, 2, "day"), part(2, 4, "month"), part(4, 8, "year")].join(" / ");
    }

    implicitHeight: Theme.mm(23)
    activeFocusOnTab: true
    Accessible.role: Accessible.Button
    Accessible.name: label + " " + shown
    Accessible.onPressAction: field.triggered()
    Keys.onSpacePressed: field.triggered()

    Rectangle {
        anchors.fill: parent
        radius: Theme.radius
        color: field.active ? Theme.paper : Theme.ground
        border.width: Theme.mm(field.active ? 1 : 0.5)
        border.color: field.active ? Theme.accent : Theme.line
    }

    Words {
        anchors {
            left: parent.left
            leftMargin: Theme.mm(7)
            right: entry.left
            rightMargin: Theme.mm(4)
            verticalCenter: parent.verticalCenter
        }
        text: field.label
        font.bold: field.active
        lineHeight: 1
        Accessible.ignored: true
    }

    Image {
        anchors {
            right: entry.left
            rightMargin: Theme.mm(3)
            verticalCenter: parent.verticalCenter
        }
        visible: field.invalid
        width: Theme.mm(9)
        height: width
        source: "../pictures/look.svg"
        sourceSize: Qt.size(width, height)
    }

    Words {
        id: entry
        anchors {
            right: parent.right
            rightMargin: Theme.mm(7)
            verticalCenter: parent.verticalCenter
        }
        width: Theme.mm(118)
        centred: true
        text: field.shown === "" ? "" : Theme.isolated(field.shown)
        font.pixelSize: Theme.answer
        font.bold: !field.empty
        color: field.empty ? Theme.quiet : Theme.ink
        wrapMode: Text.NoWrap
        lineHeight: 1
        Accessible.ignored: true
    }

    TapHandler {
        gesturePolicy: TapHandler.ReleaseWithinBounds
        onTapped: field.triggered()
    }
}
