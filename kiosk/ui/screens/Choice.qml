import QtQuick
import "../parts"

// Which paper, and in which language it shall be set.
Page {
    id: page

    readonly property string name: visit.language === "ar" ? facts.name_ar : facts.name_latin

    question: words.choice.question
    hint: name === "" ? "" : Theme.fill(words.choice.greeting, { name: name })

    Words {
        visible: page.facts.papers.length === 0
        anchors.verticalCenter: parent.verticalCenter
        width: parent.width
        centred: true
        text: page.words.choice.none
        font.pixelSize: Theme.answer
    }

    Flickable {
        anchors.fill: parent
        contentHeight: papers.height
        interactive: contentHeight > height
        clip: interactive

        Column {
            id: papers
            width: parent.width
            topPadding: Theme.mm(10)
            spacing: Theme.mm(14)

            Repeater {
                model: page.facts.papers

                Rectangle {
                    id: paper

                    required property var modelData

                    width: papers.width
                    height: Math.max(picture.height, said.height) + Theme.mm(20)
                    radius: Theme.radius
                    color: Theme.paper
                    border.width: Theme.rule
                    border.color: Theme.line

                    Image {
                        id: picture
                        anchors {
                            left: parent.left
                            leftMargin: Theme.mm(12)
                            verticalCenter: parent.verticalCenter
                        }
                        width: Theme.mm(56)
                        height: width * 96 / 76
                        source: paper.modelData.form === "ticket" ? "../pictures/ticket.svg" : "../pictures/sheet.svg"
                        fillMode: Image.PreserveAspectFit
                        sourceSize: Qt.size(width, height)
                        Accessible.ignored: true
                    }

                    Column {
                        id: said
                        anchors {
                            left: picture.right
                            leftMargin: Theme.mm(12)
                            right: parent.right
                            rightMargin: Theme.mm(12)
                            verticalCenter: parent.verticalCenter
                        }
                        spacing: Theme.mm(8)

                        Words {
                            width: parent.width
                            text: page.visit.language === "ar" ? paper.modelData.title_ar : paper.modelData.title_fr
                            font.pixelSize: Theme.answer
                            font.bold: true
                        }

                        Words {
                            objectName: "form-" + paper.modelData.type
                            width: parent.width
                            visible: text !== ""
                            text: paper.modelData.form === "ticket" ? page.words.choice.on_ticket : paper.modelData.form ? "" : page.words.choice.unavailable
                            color: Theme.quiet
                        }

                        Repeater {
                            model: paper.modelData.form ? paper.modelData.languages : []

                            Answer {
                                required property string modelData

                                objectName: "choose-" + paper.modelData.type + "-" + modelData
                                width: said.width
                                height: Theme.mm(26)
                                primary: modelData === page.visit.language
                                text: page.words.choice["in_" + modelData]
                                onTriggered: page.visit.send("choose", { type: paper.modelData.type, language: modelData })
                            }
                        }
                    }
                }
            }
        }
    }
}
