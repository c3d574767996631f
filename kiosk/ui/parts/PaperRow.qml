import QtQuick

// How long one printer's paper will do, and that it was filled up.
Item {
    id: row

    required property var paper // {station: "laser" | "thermal", documents, low}; no documents where nobody knows
    required property var words

    signal putIn

    function said() {
        if (paper.documents == null)
            return words["unknown_" + paper.station];
        return Theme.fill(words["paper_" + paper.station], { n: paper.documents });
    }

    implicitHeight: full.height

    Image {
        id: mark
        anchors {
            left: parent.left
            verticalCenter: parent.verticalCenter
        }
        width: Theme.mm(11)
        height: width
        source: "../pictures/check-" + (row.paper.documents == null ? "skipped" : row.paper.low ? "degraded" : "ok") + ".svg"
        sourceSize: Qt.size(width, height)
        Accessible.ignored: true
    }

    Words {
        objectName: "paper-left-" + row.paper.station
        anchors {
            left: mark.right
            leftMargin: Theme.mm(6)
            right: full.left
            rightMargin: Theme.mm(6)
            verticalCenter: parent.verticalCenter
        }
        text: row.said()
        font.bold: row.paper.low
    }

    Answer {
        id: full
        objectName: "full-" + row.paper.station
        width: Theme.mm(86)
        height: Theme.mm(22)
        anchors.right: parent.right
        size: Theme.body
        text: row.words["full_" + row.paper.station]
        onTriggered: row.putIn()
    }
}
