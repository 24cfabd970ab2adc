"""The provincial divisions of mainland China and the example firm's people in them.

English names are libphonenumber's, because regions of leads are made of these.
"""

# ISO 3166-2:CN, names, people of its own branch (roughly by population); the same for its city branches, by name.
PROVINCES = [
    ("BJ", "Beijing", "北京", 40, []),
    ("TJ", "Tianjin", "天津", 20, []),
    ("HE", "Hebei", "河北", 38, []),
    ("SX", "Shanxi", "山西", 24, []),
    ("NM", "Inner Mongolia", "内蒙古", 18, []),
    ("LN", "Liaoning", "辽宁", 24, [("Dalian", "大连", 12)]),
    ("JL", "Jilin", "吉林", 16, []),
    ("HL", "Heilongjiang", "黑龙江", 20, []),
    ("SH", "Shanghai", "上海", 44, []),
    ("JS", "Jiangsu", "江苏", 40, [("Suzhou", "苏州", 18), ("Wuxi", "无锡", 12)]),
    ("ZJ", "Zhejiang", "浙江", 36, [("Ningbo", "宁波", 14), ("Wenzhou", "温州", 12)]),
    ("AH", "Anhui", "安徽", 32, []),
    ("FJ", "Fujian", "福建", 22, [("Xiamen", "厦门", 12)]),
    ("JX", "Jiangxi", "江西", 26, []),
    ("SD", "Shandong", "山东", 42, [("Qingdao", "青岛", 16), ("Yantai", "烟台", 10)]),
    ("HA", "Henan", "河南", 46, []),
    ("HB", "Hubei", "湖北", 36, []),
    ("HN", "Hunan", "湖南", 36, []),
    ("GD", "Guangdong", "广东", 52, [("Shenzhen", "深圳", 30), ("Dongguan", "东莞", 14), ("Foshan", "佛山", 14)]),
    ("GX", "Guangxi", "广西", 26, []),
    ("HI", "Hainan", "海南", 8, []),
    ("CQ", "Chongqing", "重庆", 24, []),
    ("SC", "Sichuan", "四川", 42, []),
    ("GZ", "Guizhou", "贵州", 20, []),
    ("YN", "Yunnan", "云南", 26, []),
    ("XZ", "Tibet", "西藏", 0, []),
    ("SN", "Shaanxi", "陕西", 26, []),
    ("GS", "Gansu", "甘肃", 12, []),
    ("QH", "Qinghai", "青海", 0, []),
    ("NX", "Ningxia", "宁夏", 6, []),
    ("XJ", "Xinjiang", "新疆", 14, []),
]
