import QtQuick
import "../parts"

// The page as it will be printed, as large as the screen has room for.
Page {
    id: page

    property int shown: 0
    readonly property int count: facts.pages.length

    question: words.preview.question
    hint: words.preview.hint
    onCountChanged: shown = 0

    Rectangle {
        id: sheet
        readonly property real room: foot.y - Theme.mm(8)
        readonly property real ratio: picture.implicitHeight > 0 ? picture.implicitWidth / picture.implicitHeight : 210 / 297

        anchors.horizontalCenter: parent.horizontalCenter
        height: Math.max(0, Math.min(room, parent.width / ratio))
        width: height * ratio
        y: Math.max(0, (room - height) / 2)
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
