import QtQuick
import Shubbak.Screen

// The town's emblem and name on the side where reading begins; the other language opposite.
Item {
    id: band

    required property Visit visit
    readonly property string other: visit.language === "ar" ? "fr" : "ar"
    readonly property string town: visit.language === "ar" ? visit.townArabic : visit.townFrench

    Image {
        id: emblem
        anchors {
            left: parent.left
            verticalCenter: parent.verticalCenter
        }
        width: Theme.mm(20)
        height: width
        source: "../pictures/emblem.svg"
        sourceSize: Qt.size(width, height)
    }

    // The way in for technicians: held for three seconds while nobody is served. Citizens are shown nothing of it.
    Item {
        objectName: "emblem"
        anchors.fill: emblem
        anchors.margins: -Theme.mm(4)

        TapHandler {
            enabled: band.visit.screen === "attract"
            longPressThreshold: 3
            gesturePolicy: TapHandler.WithinBounds
            onLongPressed: band.visit.send("staff")
        }
    }

    Column {
        anchors {
            left: emblem.right
            leftMargin: Theme.mm(5)
            right: language.left
            rightMargin: Theme.mm(5)
            verticalCenter: parent.verticalCenter
        }

        Words {
            objectName: "town"
            width: parent.width
            text: band.town === "" ? band.visit.words.common.office : Theme.fill(band.visit.words.common.town, { t: band.town })
            font.bold: true
            font.pixelSize: Theme.body
            lineHeight: 1
        }

        Words {
            width: parent.width
            visible: band.town !== ""
            text: band.visit.words.common.office
            font.pixelSize: Theme.small
            color: Theme.quiet
            lineHeight: 1
        }
    }

    Answer {
        id: language
        objectName: "switch-language"
        anchors {
            right: parent.right
            verticalCenter: parent.verticalCenter
        }
        visible: !["attract", "language", "away", "goodbye"].includes(band.visit.screen)
        text: band.visit.wordsByLanguage[band.other].common.own_name
        size: Theme.body
        icon: "language"
        onTriggered: band.visit.send("language", { language: band.other })
    }
}
