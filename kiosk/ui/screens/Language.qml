import QtQuick
import Shubbak.Screen
import "../parts"

// Which language: each asks in its own words.
FocusScope {
    id: screen

    required property Visit visit
    required property var facts
    readonly property var all: visit.wordsByLanguage

    LayoutMirroring.enabled: false
    LayoutMirroring.childrenInherit: true

    Column {
        id: head
        width: parent.width
        spacing: Theme.mm(5)

        Words {
            objectName: "question"
            width: parent.width
            centred: true
            text: screen.all.ar.language.question
            font.pixelSize: Theme.question
            font.bold: true
            lineHeight: 1
            Accessible.role: Accessible.Heading
        }

        Words {
            width: parent.width
            centred: true
            text: screen.all.fr.language.question
            font.pixelSize: Theme.question
            font.bold: true
            lineHeight: 1
            Accessible.role: Accessible.Heading
        }
    }

    Image {
        anchors {
            top: head.bottom
            bottom: answers.top
            margins: Theme.mm(20)
            horizontalCenter: parent.horizontalCenter
        }
        width: Math.min(parent.width, Theme.mm(190))
        fillMode: Image.PreserveAspectFit
        source: "../pictures/tongues.svg"
        sourceSize.width: width
        Accessible.ignored: true
    }

    Column {
        id: answers
        width: parent.width
        anchors.bottom: parent.bottom
        anchors.bottomMargin: Theme.mm(30)
        spacing: Theme.mm(14)

        Repeater {
            model: screen.facts.languages

            Answer {
                required property string modelData
                required property int index

                objectName: "language-" + modelData
                width: answers.width
                height: Theme.mm(48)
                size: Theme.type(12)
                bold: true
                text: screen.all[modelData].common.own_name
                focus: index === 0
                onTriggered: screen.visit.send("language", { language: modelData })
            }
        }
    }
}
