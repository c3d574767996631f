import QtQuick
import Shubbak.Screen
import "../parts"

// Nobody is here: what the kiosk gives, in both languages, and one thing to do. The whole screen is the button.
FocusScope {
    id: attract
    objectName: "anywhere"

    required property Visit visit
    required property var facts
    readonly property bool open: facts.unavailable === null || facts.unavailable === undefined
    readonly property var all: visit.wordsByLanguage
    readonly property var forms: facts.forms ?? []
    readonly property var lost: open ? facts.lost ?? [] : []

    LayoutMirroring.enabled: false
    LayoutMirroring.childrenInherit: true

    TapHandler {
        enabled: attract.open
        gesturePolicy: TapHandler.ReleaseWithinBounds
        onTapped: attract.visit.send("start")
    }

    Ornament {
        id: stars
        anchors.top: parent.top
        anchors.topMargin: Theme.mm(4)
    }

    Column {
        id: title
        anchors {
            top: stars.bottom
            topMargin: Theme.mm(22)
            left: parent.left
            right: parent.right
        }
        spacing: Theme.mm(5)

        Words {
            objectName: "question"
            width: parent.width
            centred: true
            text: attract.all.ar.attract.title
            font.pixelSize: Theme.type(12)
            font.bold: true
            color: Theme.accent
            lineHeight: 1
            Accessible.role: Accessible.Heading
        }

        Words {
            width: parent.width
            centred: true
            text: attract.all.fr.attract.title
            font.pixelSize: Theme.type(10)
            color: Theme.accent
            lineHeight: 1
        }
    }

    Image {
        id: picture
        anchors {
            top: title.bottom
            bottom: some.top
            margins: Theme.mm(14)
            horizontalCenter: parent.horizontalCenter
        }
        width: parent.width
        visible: attract.open
        fillMode: Image.PreserveAspectFit
        source: "../pictures/kiosk.svg"
        sourceSize.height: height
        Accessible.role: Accessible.Graphic
        Accessible.name: attract.all.ar.attract.title
    }

    // What is to be had all the same, and why not the rest.
    Rectangle {
        id: some
        anchors {
            left: parent.left
            right: parent.right
            bottom: call.top
            bottomMargin: visible ? Theme.mm(10) : 0
        }
        height: visible ? told.height + Theme.mm(10) : 0
        visible: attract.lost.length > 0 && attract.forms.length === 1
        color: Theme.paper
        radius: Theme.radius
        border.width: Math.max(1, Theme.mm(0.8))
        border.color: Theme.look

        Column {
            id: told
            anchors {
                left: parent.left
                right: parent.right
                verticalCenter: parent.verticalCenter
                margins: Theme.mm(5)
            }
            spacing: Theme.mm(2)

            Repeater {
                model: some.visible ? ["ar", "fr"] : []

                Column {
                    id: tongue

                    required property string modelData
                    readonly property var said: attract.all[modelData].attract

                    width: parent.width

                    Words {
                        objectName: "only-" + tongue.modelData
                        width: parent.width
                        centred: true
                        text: tongue.said["only_" + attract.forms[0]] ?? ""
                        font.pixelSize: Theme.answer
                        font.bold: true
                        color: Theme.lookText
                    }

                    Words {
                        objectName: "lost-" + tongue.modelData
                        width: parent.width
                        centred: true
                        visible: text !== ""
                        text: tongue.said["closed_" + attract.lost[0].part] ?? ""
                        color: Theme.lookText
                    }
                }
            }

            Words {
                objectName: "lost-code"
                width: parent.width
                centred: true
                text: some.visible ? attract.lost[0].code : ""
                font.pixelSize: Theme.small
                color: Theme.quiet
            }
        }
    }

    Column {
        id: call
        anchors {
            left: parent.left
            right: parent.right
            bottom: parent.bottom
        }
        visible: attract.open
        spacing: Theme.mm(5)

        Words {
            width: parent.width
            centred: true
            text: attract.all.ar.attract.needs
            color: Theme.quiet
        }

        Words {
            width: parent.width
            centred: true
            text: attract.all.fr.attract.needs
            color: Theme.quiet
        }

        Item {
            width: 1
            height: Theme.mm(4)
        }

        TwoTongues {
            objectName: "primary"
            width: parent.width
            height: Theme.mm(52)
            arabic: attract.all.ar.attract.question
            french: attract.all.fr.attract.question
            focus: true
            onTriggered: attract.visit.send("start")
        }
    }

    ClosedSign {
        visible: !attract.open
        words: attract.all
        table: "attract"
        code: attract.open ? "" : attract.facts.unavailable
        part: attract.facts.part ?? ""
        opensAt: attract.facts.opens_at ?? ""
        anchors {
            left: parent.left
            right: parent.right
            top: title.bottom
            bottom: parent.bottom
        }
    }
}
