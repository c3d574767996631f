import QtQuick

// Closed for now, in both languages, and where to go instead; the code for the technician, small.
Item {
    id: sign

    required property var words
    required property string code
    required property string table
    readonly property string question: table === "attract" ? "closed" : "question"
    readonly property string hint: table === "attract" ? "closed_hint" : "hint"

    Column {
        anchors {
            left: parent.left
            right: parent.right
            verticalCenter: parent.verticalCenter
        }
        spacing: Theme.mm(7)

        Repeater {
            model: ["ar", "fr"]

            Column {
                id: tongue

                required property string modelData
                readonly property var said: sign.words[modelData][sign.table]

                width: parent.width
                spacing: Theme.mm(4)
                bottomPadding: Theme.mm(14)

                Words {
                    objectName: tongue.modelData === "ar" ? "closed" : ""
                    width: parent.width
                    centred: true
                    text: tongue.said[sign.question]
                    font.pixelSize: Theme.question
                    font.bold: true
                    lineHeight: 1
                    Accessible.role: Accessible.Heading
                }

                Words {
                    width: parent.width
                    centred: true
                    text: tongue.said[sign.hint]
                    font.pixelSize: Theme.answer
                    color: Theme.quiet
                }
            }
        }

        Words {
            objectName: "code"
            width: parent.width
            centred: true
            text: sign.code
            font.pixelSize: Theme.small
            color: Theme.quiet
        }
    }
}
