import QtQuick

// Closed for now, in both languages: which part is missing, or when it opens; where to go instead; the code, small.
Item {
    id: sign

    required property var words
    required property string code
    required property string table
    property string part: ""
    property string opensAt: "" // YYYY-MM-DDThh:mm, the town's own time, within a week
    readonly property bool hours: part === "hours"
    readonly property string question: table === "attract" ? "closed" : "question"
    readonly property string hint: table === "attract" ? "closed_hint" : "hint"

    function reason(said: var): string {
        return hours ? "" : said["closed_" + part] ?? "";
    }

    // Outside the opening hours nobody is at the counter either: the next opening instead.
    function advice(said: var): string {
        if (!hours)
            return said[hint];
        if (opensAt === "")
            return "";
        const [date, time] = opensAt.split("T");
        const days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
        return Theme.fill(said.opens, { d: said[days[new Date(date).getUTCDay()]], t: time }); // a bare date is UTC's
    }

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
                    text: sign.hours ? tongue.said.closed_hours : tongue.said[sign.question]
                    font.pixelSize: Theme.question
                    font.bold: true
                    lineHeight: 1
                    Accessible.role: Accessible.Heading
                }

                Words {
                    objectName: "reason-" + tongue.modelData
                    width: parent.width
                    centred: true
                    visible: text !== ""
                    text: sign.reason(tongue.said)
                    font.pixelSize: Theme.answer
                }

                Words {
                    objectName: "advice-" + tongue.modelData
                    width: parent.width
                    centred: true
                    visible: text !== ""
                    text: sign.advice(tongue.said)
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
