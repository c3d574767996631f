import QtQuick
import Shubbak.Screen

// Step n of m: in words, and as a row of marks.
Column {
    id: progress

    required property Visit visit

    visible: visit.stepCount > 0
    spacing: Theme.mm(3)

    Words {
        objectName: "progress"
        width: parent.width
        text: Theme.fill(progress.visit.words.common.step, { n: progress.visit.stepNumber, m: progress.visit.stepCount })
        font.pixelSize: Theme.small
        color: Theme.quiet
        lineHeight: 1
    }

    Row {
        id: marks
        width: parent.width
        spacing: Theme.mm(2)

        Repeater {
            model: progress.visit.stepCount

            Rectangle {
                required property int index

                width: (marks.width - (progress.visit.stepCount - 1) * marks.spacing) / progress.visit.stepCount
                height: index < progress.visit.stepNumber ? Theme.mm(2.4) : Theme.mm(1)
                y: (Theme.mm(2.4) - height) / 2
                color: index < progress.visit.stepNumber ? Theme.accent : Theme.line
            }
        }
    }
}
