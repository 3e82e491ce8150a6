"""The parts of a DOCX that are the same in every form: styles, faces, settings, relations.

Word finds the faces in the file itself; the keys only scramble them, as its format demands.
"""

from acceptance_kit.forms.typeface import BOX_FACE, FACE

REGULAR, BOLD, BOXES = (f"word/fonts/{name}.odttf" for name in ("regular", "bold", "boxes"))
FACE_KEYS = {
    REGULAR: "{5B8E6F0A-3D41-4C62-9A55-1F2B8A7F0C11}",
    BOLD: "{5B8E6F0A-3D41-4C62-9A55-1F2B8A7F0C12}",
    BOXES: "{5B8E6F0A-3D41-4C62-9A55-1F2B8A7F0C13}",
}

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
W14 = "http://schemas.microsoft.com/office/word/2010/wordml"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_FONTS = "".join(f' w:{kind}="{FACE}"' for kind in ("ascii", "hAnsi", "eastAsia", "cs"))

NAMESPACES = f'xmlns:w="{W}" xmlns:w14="{W14}" xmlns:r="{_R}" xmlns:mc="{_MC}" mc:Ignorable="w14"'


def parts(document: str, title: str) -> dict[str, bytes]:
    """Every part of a DOCX by name, the faces still empty."""
    texts = {
        "[Content_Types].xml": _CONTENT_TYPES,
        "_rels/.rels": _PACKAGE_RELATIONS,
        "docProps/core.xml": _CORE.format(title=title),
        "word/document.xml": document,
        "word/_rels/document.xml.rels": _DOCUMENT_RELATIONS,
        "word/_rels/fontTable.xml.rels": _FACE_RELATIONS,
        "word/fontTable.xml": _FACES,
        "word/footer.xml": _FOOTER,
        "word/settings.xml": _SETTINGS,
        "word/styles.xml": _STYLES,
    }
    made = {name: (_HEAD + text).encode("utf-8") for name, text in texts.items()}
    return made | dict.fromkeys(FACE_KEYS, b"")


def scrambled(face: bytes, key: str) -> bytes:
    """A face as a DOCX holds it: its first 32 bytes mixed with the key's, backwards (ECMA-376)."""
    digits = bytes.fromhex(key.strip("{}").replace("-", ""))[::-1]
    head = bytes(byte ^ digits[at % 16] for at, byte in enumerate(face[:32]))
    return head + face[32:]


def _relations(*targets: tuple[str, str]) -> str:
    lines = "".join(
        f'<Relationship Id="rId{number}" Type="{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{lines}</Relationships>'


_CONTENT_TYPES = f"""<Types xmlns="{_PACKAGE}/content-types">\
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>\
<Default Extension="xml" ContentType="application/xml"/>\
<Default Extension="odttf" \
ContentType="application/vnd.openxmlformats-officedocument.obfuscatedFont"/>\
<Override PartName="/word/document.xml" ContentType="{_TYPE}.document.main+xml"/>\
<Override PartName="/word/styles.xml" ContentType="{_TYPE}.styles+xml"/>\
<Override PartName="/word/settings.xml" ContentType="{_TYPE}.settings+xml"/>\
<Override PartName="/word/fontTable.xml" ContentType="{_TYPE}.fontTable+xml"/>\
<Override PartName="/word/footer.xml" ContentType="{_TYPE}.footer+xml"/>\
<Override PartName="/docProps/core.xml" \
ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>\
</Types>"""

_PACKAGE_RELATIONS = _relations(
    (f"{_R}/officeDocument", "word/document.xml"),
    (f"{_PACKAGE}/relationships/metadata/core-properties", "docProps/core.xml"),
)
_DOCUMENT_RELATIONS = _relations(
    (f"{_R}/styles", "styles.xml"),
    (f"{_R}/settings", "settings.xml"),
    (f"{_R}/fontTable", "fontTable.xml"),
    (f"{_R}/footer", "footer.xml"),
)
FOOTER = "rId4"
_FACE_RELATIONS = _relations(
    *((f"{_R}/font", name.removeprefix("word/")) for name in (REGULAR, BOLD, BOXES))
)

_CORE = f"""<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" \
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\
<dc:title>{{title}}</dc:title><dc:creator>gatehouse</dc:creator>\
</cp:coreProperties>"""

_FACES = f"""<w:fonts {NAMESPACES}>\
<w:font w:name="{FACE}"><w:altName w:val="Noto Serif SC"/><w:charset w:val="86"/>\
<w:family w:val="roman"/><w:pitch w:val="variable"/>\
<w:embedRegular r:id="rId1" w:fontKey="{FACE_KEYS[REGULAR]}"/>\
<w:embedBold r:id="rId2" w:fontKey="{FACE_KEYS[BOLD]}"/></w:font>\
<w:font w:name="{BOX_FACE}"><w:charset w:val="00"/>\
<w:family w:val="auto"/><w:pitch w:val="variable"/>\
<w:embedRegular r:id="rId3" w:fontKey="{FACE_KEYS[BOXES]}"/></w:font>\
</w:fonts>"""

_SETTINGS = f"""<w:settings {NAMESPACES}><w:embedTrueTypeFonts/><w:saveSubsetFonts/>\
<w:defaultTabStop w:val="420"/><w:characterSpacingControl w:val="compressPunctuation"/>\
<w:compat><w:compatSetting w:name="compatibilityMode" \
w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>\
<w:themeFontLang w:val="en-US" w:eastAsia="zh-CN"/></w:settings>"""

_STYLES = f"""<w:styles {NAMESPACES}><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts{_FONTS}/>\
<w:sz w:val="21"/><w:szCs w:val="21"/><w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr>\
</w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:before="0" w:after="0" w:line="285" \
w:lineRule="exact"/></w:pPr></w:pPrDefault></w:docDefaults>\
<w:style w:type="paragraph" w:default="1" w:styleId="a"><w:name w:val="Normal"/></w:style>\
<w:style w:type="table" w:default="1" w:styleId="b"><w:name w:val="Normal Table"/></w:style>\
</w:styles>"""

_FIELD = '<w:r><w:rPr><w:sz w:val="16"/></w:rPr><w:t xml:space="preserve"> / </w:t></w:r>'.join(
    f'<w:fldSimple w:instr="{name}"><w:r><w:rPr><w:sz w:val="16"/></w:rPr><w:t>1</w:t></w:r>'
    "</w:fldSimple>"
    for name in ("PAGE", "NUMPAGES")
)
_FOOTER = f'<w:ftr {NAMESPACES}><w:p><w:pPr><w:jc w:val="center"/></w:pPr>{_FIELD}</w:p></w:ftr>'
