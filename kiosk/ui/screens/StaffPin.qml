import QtQuick
import "../parts"

// The technicians' way in.
Page {
    id: page
    question: words.staff_pin.question
    hint: keys.asking ? words.staff_pin.hint : ""
    notice: keys.said
    Keys.forwardTo: [keys]

    StaffKeys {
        id: keys
        anchors.fill: parent
        visit: page.visit
        asked: page.facts.asked || null
    }
}
