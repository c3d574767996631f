import QtQuick

// One part of the kiosk and how it is: a sign and a word; below, the code, what was seen, and what to do.
// What was seen is in the technician's own English: it keeps its direction inside Arabic.
Item {
    id: row

    required property var check // {name, status: "ok" | "degraded" | "failed" | "skipped", code, detail, remedy}
    required property var words
    readonly property bool rightToLeft: LayoutMirroring.enabled

    implicitHeight: said.height + 2 * said.y

    Rectangle {
        width: parent.width
        height: Theme.rule
        color: Theme.hairline
    }

    Image {
        id: mark
        anchors {
            left: parent.left
            top: parent.top
            topMargin: Theme.mm(5)
        }
        width: Theme.mm(11)
        height: width
        source: "../pictures/check-" + row.check.status + ".svg"
        sourceSize: Qt.size(width, height)
        Accessible.ignored: true
    }

    Column {
        id: said
        y: Theme.mm(5)
        anchors {
            left: mark.right
            leftMargin: Theme.mm(6)
            right: parent.right
        }
        spacing: Theme.mm(2)

        Item {
            width: parent.width
            height: Math.max(name.height, status.height)

            Words {
                id: name
                anchors {
                    left: parent.left
                    right: status.left
                    rightMargin: Theme.mm(6)
                }
                text: row.words.checks[row.check.name] || Theme.isolated(row.check.name)
                font.bold: true
            }

            Words {
                id: status
                anchors.right: parent.right
                text: row.words.diagnostics[row.check.status]
                font.bold: row.check.status === "failed"
                wrapMode: Text.NoWrap
            }
        }

        Seen {
            width: parent.width
            visible: text !== ""
            text: [row.check.code, row.check.detail].filter(part => part).join("   ")
        }

        Item {
            width: parent.width
            height: remedy.height
            visible: remedy.text !== ""

            Words {
                id: what
                anchors {
                    left: parent.left
                    baseline: remedy.baseline
                }
                text: row.words.diagnostics.remedy
                font.pixelSize: Theme.small
                color: Theme.quiet
                wrapMode: Text.NoWrap
            }

            Seen {
                id: remedy
                anchors {
                    left: what.right
                    leftMargin: Theme.mm(3)
                    right: parent.right
                }
                text: row.check.remedy || ""
                color: Theme.quiet
            }
        }
    }

    // One line stands under the row's name; more of them begin where their own language begins: in a mirrored
    // layout that is what it calls right.
    component Seen: Words {
        horizontalAlignment: row.rightToLeft && lineCount > 1 ? Text.AlignRight : Text.AlignLeft
        font.pixelSize: Theme.small
    }
}
