import QtQuick
import "../parts"

// The page as it will be printed, as large as the screen has room for.
Page {
    id: page

    property int shown: 0
    readonly property int count: facts.pages.length

    readonly property bool ticket: facts.form === "ticket"

    question: words.preview.question
    hint: ticket ? words.preview.hint_ticket : words.preview.hint
    notice: facts.other_form ? words.preview["other_" + facts.form] : ""
    onCountChanged: shown = 0

    // A sheet is shown whole. A ticket is as wide as it can be read, and is pushed up.
    Flickable {
        id: frame
        objectName: "preview"
        readonly property real ratio: picture.implicitHeight > 0 ? picture.implicitWidth / picture.implicitHeight : 210 / 297

        anchors {
            top: parent.top
            bottom: foot.top
            bottomMargin: Theme.mm(8)
            horizontalCenter: parent.horizontalCenter
        }
        width: page.ticket ? Math.min(parent.width, Theme.mm(190)) : Math.min(height * ratio, parent.width)
        contentHeight: sheet.y + sheet.height
        interactive: contentHeight > height + 1
        boundsBehavior: Flickable.StopAtBounds
        clip: interactive

        Rectangle {
            id: sheet
            width: parent.width
            height: width / frame.ratio
            y: page.ticket ? 0 : Math.max(0, (frame.height - height) / 2)
            color: Theme.paper
            border.width: Theme.rule
            border.color: Theme.line

            Image {
                id: picture
                objectName: "preview-page"
                anchors.fill: parent
                anchors.margins: Theme.rule
                cache: false
                smooth: true
                mipmap: true
                source: page.facts.pages[page.shown]
                Accessible.role: Accessible.Graphic
                Accessible.name: page.words.preview.picture
            }
        }
    }

    Rail {
        frame: frame
        anchors {
            top: frame.top
            bottom: frame.bottom
            left: frame.right
            leftMargin: Theme.mm(5)
        }
    }

    Column {
        id: foot
        width: parent.width
        anchors.bottom: parent.bottom
        spacing: Theme.mm(8)

        Row {
            visible: page.count > 1
            anchors.horizontalCenter: parent.horizontalCenter
            spacing: Theme.mm(10)

            Answer {
                objectName: "page-previous"
                width: Theme.mm(70)
                size: Theme.body
                ready: page.shown > 0
                text: page.words.preview.previous
                onTriggered: page.shown -= 1
            }

            Words {
                anchors.verticalCenter: parent.verticalCenter
                text: Theme.fill(page.words.preview.page, { n: page.shown + 1, m: page.count })
            }

            Answer {
                objectName: "page-next"
                width: Theme.mm(70)
                size: Theme.body
                ready: page.shown < page.count - 1
                text: page.words.preview.next
                onTriggered: page.shown += 1
            }
        }

        Answer {
            objectName: "primary"
            width: parent.width
            height: Theme.mm(36)
            primary: true
            text: page.words.preview.confirm
            onTriggered: page.visit.send("confirm")
        }
    }
}
