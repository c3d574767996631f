import QtQuick
import Shubbak.Screen

// Back, Help, Cancel: always these places; one that would do nothing here is not shown.
Item {
    id: band

    required property Visit visit
    readonly property var cancellable: ["language", "card", "opening", "can", "mrz", "pin", "pin_last", "clerk", "compare", "reading", "choice", "preparing", "preview", "take_card"]

    signal helpAsked

    Rectangle {
        width: parent.width
        height: Theme.rule
        color: Theme.hairline
        visible: !["attract", "away", "goodbye"].includes(band.visit.screen)
    }

    Row {
        anchors {
            left: parent.left
            right: parent.right
            verticalCenter: parent.verticalCenter
        }
        spacing: Theme.mm(8)

        readonly property real share: (width - 2 * spacing) / 3

        Item {
            width: parent.share
            height: Theme.target

            Answer {
                objectName: "back"
                anchors.fill: parent
                visible: ["preview", "staff_pin", "diagnostics"].includes(band.visit.screen)
                text: band.visit.words.common.back
                size: Theme.body
                icon: "back"
                onTriggered: band.visit.send("back")
            }
        }

        Item {
            width: parent.share
            height: Theme.target

            Answer {
                objectName: "help"
                anchors.fill: parent
                visible: !["attract", "away", "goodbye"].includes(band.visit.screen)
                text: band.visit.words.common.help
                size: Theme.body
                icon: "help"
                onTriggered: band.helpAsked()
            }
        }

        Item {
            width: parent.share
            height: Theme.target

            Answer {
                objectName: "cancel"
                anchors.fill: parent
                // A card that is being given back after the visit (no step any more) leaves nothing to cancel.
                visible: band.cancellable.includes(band.visit.screen) && band.visit.stepCount > 0
                text: band.visit.words.common.cancel
                size: Theme.body
                icon: "cancel"
                onTriggered: band.visit.send("cancel")
            }
        }
    }
}
