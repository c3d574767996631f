import QtQuick
import "../parts"

// How every part of the kiosk is, as it is found out; and the switch that takes it out of service.
Page {
    id: page

    readonly property int failures: facts.checks.filter(check => check.status === "failed").length
    readonly property int doubts: facts.checks.filter(check => check.status === "degraded").length

    function summary() {
        if (facts.running || facts.checks.length === 0)
            return Theme.fill(words.diagnostics.running, { n: facts.checks.length });
        if (failures + doubts === 0)
            return words.diagnostics.well;
        return Theme.fill(words.diagnostics.found, { n: failures, m: doubts });
    }

    question: words.diagnostics.question
    hint: summary()
    notice: facts.code ? words.diagnostics.stuck + " " + Theme.isolated(facts.code) : facts.out_of_service ? words.diagnostics.is_out : ""

    Keys.onUpPressed: table.contentY = Math.max(0, table.contentY - table.height / 2)
    Keys.onDownPressed: table.contentY = Math.max(0, Math.min(table.contentHeight - table.height, table.contentY + table.height / 2))

    Flickable {
        id: table
        objectName: "table"
        anchors {
            top: parent.top
            bottom: actions.top
            bottomMargin: Theme.mm(8)
            left: parent.left
            right: parent.right
        }
        contentHeight: rows.height
        interactive: contentHeight > height
        boundsBehavior: Flickable.StopAtBounds
        clip: true

        Column {
            id: rows
            // Room for the rail, on the side where reading ends.
            width: table.width - (table.interactive ? Theme.mm(7) : 0)
            x: page.visit.rightToLeft ? table.width - width : 0

            Repeater {
                model: page.facts.checks

                CheckRow {
                    required property var modelData

                    width: rows.width
                    check: modelData
                    words: page.words
                }
            }
        }
    }

    Rail {
        frame: table
        anchors {
            top: table.top
            bottom: table.bottom
            right: parent.right
        }
    }

    Column {
        id: actions
        anchors.bottom: parent.bottom
        width: parent.width
        spacing: Theme.mm(8)

        Rectangle {
            width: parent.width
            height: Theme.rule
            color: Theme.line
        }

        Repeater {
            model: page.facts.paper

            PaperRow {
                required property var modelData

                width: actions.width
                paper: modelData
                words: page.words.diagnostics
                onPutIn: page.visit.send("paper_put_in", { station: modelData.station })
            }
        }

        Answer {
            objectName: "primary"
            width: parent.width
            height: Theme.mm(26)
            primary: true
            ready: !page.facts.running
            text: page.words.diagnostics.again
            onTriggered: page.visit.send("check_again")
        }

        Answer {
            objectName: "service"
            width: parent.width
            height: Theme.mm(26)
            text: page.facts.out_of_service ? page.words.diagnostics.put_in : page.words.diagnostics.put_out
            onTriggered: page.visit.send("service", { out: page.facts.out_of_service ? "no" : "yes" })
        }
    }
}
