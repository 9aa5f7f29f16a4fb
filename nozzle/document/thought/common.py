"""English words that say nothing about what is spoken of; a thread is never named by one."""

_LIST = """
a able about above actual actually after again against ago all almost alone along already also although always
am among an and another any anybody anymore anyone anything anyway anywhere are around as ask asked at away
awesome back bad be because been before behind being believe best better between big bit bitch both bro build
building built but by call called came can cannot cant care case cause certain clear close come comes coming
completely could couple course crap create created dad damn day days deal deep did didn didnt different do does
doesn doesnt doing don done dont down dude each easy either else end enough even ever every everybody everyone
everything everywhere exactly example fact fair far fast feel few fine first five fix focus for forget four
friend from fuck fucking full fun further gave gd get gets getting give given gives go god goes going gone gonna
good got gotta great guess had haha half hand happen happens hard has hate have haven having he head hear heard
hell help her here hey him himself his hold honest honestly hope hour hours how however huge i id idea if im
imagine important in inside instead into is isn isnt it its itself ive just keep kind kinda knew know known
knows last late later least left less let lets like liked likes line list little live ll lmao lol long longer
look looking looks lot love made make makes making man many matter may maybe me mean means mfer might mind mine
minute month months more morning most mother much must my myself name near need needs never new next nice night
no nobody none nope nor not nothing now number of off often oh ok okay old on once one ones only open or order
other others our out over own part people perfect perhaps person place plan please point possible pretty
probably problem put question quick quite rather re read ready real really reason remember rest right run
running said same saw say saying says second see seem seems seen self set several shall she shit short should
show side simple simply since small so some somebody someone something sometimes somewhere soon sorry sort start
started starting starts stay still stop stuff such super sure take taken takes talk talking tell ten than thank
thanks that thats the their them themselves then there these they theyre thing things think thinking third this
those though thought three through thus till time times tired to today together told tomorrow tonight too took
 toward tried true try trying turn turned turns twice two under understand until up upon us use used useful
uses using usually ve version very wait walk want wanted wanting wants was wasn way ways we week weeks well went
were weren what whatever when where whether which while who whole whose why will wish with within without won
wonder wont word words work worked working works world worse would write writing wrong wrote yeah year years yes
yesterday yet you your youre yours yourself zero
"""

COMMON = frozenset(_LIST.split())
