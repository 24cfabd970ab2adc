"""Names of people, as common as they are in mainland China."""

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦"
DOUBLE_SURNAMES = ["欧阳", "司马", "上官", "诸葛"]
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅鑫宇浩然子轩雨欣梓涵佳怡思远文博志国建春雪晨阳晓东海波云飞天佑嘉诚永康"


def chinese_name(dice):
    surname = dice.one_of(DOUBLE_SURNAMES) if dice.happens(0.01) else dice.one_of(SURNAMES)
    return surname + "".join(dice.one_of(GIVEN) for _ in range(1 if dice.happens(0.3) else 2))
