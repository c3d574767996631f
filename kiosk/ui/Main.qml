import QtQuick
import QtQuick.Window
import Shubbak.Screen
import "parts"

// The window: the same five places on every screen. The middle is the screen of the newest snapshot.
Window {
    id: window

    required property Visit visit
    required property real pixelsPerMillimetre
    property bool fullScreen: false
    property bool still: false
    property bool beat: false
    readonly property bool settled: page.ready && !settling.running
    readonly property var files: ({
            attract: "Attract", language: "Language", card: "Card", opening: "Opening", can: "Can", mrz: "Mrz",
            pin: "Pin", pin_last: "PinLast", reading: "Reading", clerk: "Clerk", compare: "Compare", choice: "Choice", preparing: "Preparing",
            preview: "Preview", take_card: "TakeCard", printing: "Printing", take_paper: "TakePaper", ask_paper: "AskPaper", confirm: "ConfirmPaper", settling: "Settling", stray: "Stray",
            goodbye: "Goodbye", trouble: "Trouble", away: "Away", staff_pin: "StaffPin", diagnostics: "Diagnostics"
        })

    // What is said of sheets is not always true of tickets.
    function helpWords() {
        const table = visit.words[visit.screen] || {};
        return (visit.facts.form === "ticket" && table.help_ticket) || table.help || "";
    }

    visibility: fullScreen ? Window.FullScreen : Window.Windowed
    visible: true
    color: Theme.ground
    title: "Shubbak"

    Binding {
        target: Theme
        property: "pixelsPerMillimetre"
        value: window.pixelsPerMillimetre
    }

    Binding {
        target: Theme
        property: "still"
        value: window.still
    }

    // Changed to see whether the display still takes frames (kiosk.ui.life); nobody sees a pixel.
    Rectangle {
        width: 1
        height: 1
        color: window.beat ? Theme.paper : Theme.ground
    }

    Item {
        id: everything
        anchors.fill: parent
        LayoutMirroring.enabled: window.visit.rightToLeft
        LayoutMirroring.childrenInherit: true
        Keys.onTabPressed: event => {
            Theme.keyboardUsed = true;
            event.accepted = false;
        }

        TopBand {
            id: top
            objectName: "top-band"
            visit: window.visit
            height: Theme.mm(34)
            anchors {
                top: parent.top
                left: parent.left
                right: parent.right
                leftMargin: Theme.margin
                rightMargin: Theme.margin
            }
        }

        Rectangle {
            anchors.top: top.bottom
            width: parent.width
            height: Theme.rule
            color: Theme.hairline
        }

        Progress {
            id: progress
            visit: window.visit
            height: Theme.mm(12)
            anchors {
                top: top.bottom
                topMargin: Theme.mm(7)
                left: top.left
                right: top.right
            }
        }

        FocusScope {
            id: page

            property Item shown: null
            readonly property bool ready: shown !== null

            // A finger that was quicker than the screen shall not answer a question it has not seen.
            enabled: !settling.running && !help.visible && !idle.visible
            focus: !help.visible && !idle.visible
            anchors {
                top: progress.bottom
                topMargin: Theme.mm(9)
                left: top.left
                right: top.right
                bottom: bottom.top
                bottomMargin: Theme.mm(8)
            }

            function turn() {
                const old = shown;
                shown = null;
                if (old)
                    old.destroy();
                const component = Qt.createComponent("screens/" + window.files[window.visit.screen] + ".qml");
                if (component.status !== Component.Ready) {
                    console.warn(component.errorString());
                    return;
                }
                shown = component.createObject(page, { visit: window.visit, facts: window.visit.facts, focus: true });
                shown.anchors.fill = page;
                shown.forceActiveFocus();
            }
        }

        BottomBand {
            id: bottom
            objectName: "bottom-band"
            visit: window.visit
            height: Theme.mm(38)
            enabled: page.enabled
            anchors {
                left: top.left
                right: top.right
                bottom: parent.bottom
            }
            onHelpAsked: help.visible = true
        }

        Overlay {
            id: help
            objectName: "help-overlay"
            visible: false
            anchors.fill: parent
            anchors.topMargin: top.height + Theme.rule
            question: window.visit.words.common.help
            hint: window.helpWords()
            answerText: window.visit.words.common.close
            answerName: "help-close"
            onAnswered: visible = false
        }

        Overlay {
            id: idle
            objectName: "idle-overlay"
            visible: window.visit.idleSeconds >= 0
            anchors.fill: parent
            anchors.topMargin: top.height + Theme.rule
            question: window.visit.words.idle.question
            hint: Theme.fill(window.visit.words.idle.hint, { n: Math.max(0, window.visit.idleSeconds) })
            answerText: window.visit.words.idle.still_here
            answerName: "still-here"
            onAnswered: window.visit.send("still_here")
            onVisibleChanged: if (visible) forceActiveFocus()
        }
    }

    Timer {
        id: settling
        interval: window.still ? 60 : 250
    }

    Connections {
        target: window.visit

        function onTurned() {
            help.visible = false;
            settling.restart();
            page.turn();
        }

        function onChanged() {
            if (page.shown)
                page.shown.facts = window.visit.facts;
        }
    }

    Component.onCompleted: {
        settling.restart();
        page.turn();
    }
}
