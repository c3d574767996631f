import QtQuick
import Shubbak.Screen
import "../parts"

// Nobody leads: the session is away. The screen says so and comes back by itself.
FocusScope {
    id: away

    required property Visit visit
    required property var facts

    LayoutMirroring.enabled: false
    LayoutMirroring.childrenInherit: true

    ClosedSign {
        anchors.fill: parent
        words: away.visit.wordsByLanguage
        table: "away"
        code: away.facts.code
    }
}
